#pragma once

#include "../../core/geometry.hpp"
#include "products.hpp"

// Convolutions are products whose right factor is gathered from images while it is packed.
namespace weft::thrust_backend {

/// What of a convolution its factors need.
struct convolution_sizes {
    conv2d_geometry g;
    std::ptrdiff_t plane_in, plane_out, taps, channels, filters;  ///< the last two of one group

    explicit convolution_sizes(const conv2d_geometry& of)
        : g(of),
          plane_in(std::ptrdiff_t(of.height) * of.width),
          plane_out(std::ptrdiff_t(of.out_h()) * of.out_w()),
          taps(std::ptrdiff_t(of.kernel_h) * of.kernel_w),
          channels(of.channels / of.groups),
          filters(of.filters / of.groups) {}
};

/// Where each of a few pixels reads or is reached through each tap: a row and a column of the other image,
/// the row as an index of its first pixel. Forward, from pixels of the result to the image; Backward, from
/// pixels of the image to the result.
template <bool Backward, int Width>
struct tap_places {
    static constexpr int limit = 16;           ///< of kernel rows and columns that are looked up
    static constexpr int absent = -(1 << 30);  ///< a sum with it is negative

    conv2d_geometry g;
    int other_height, other_width, y[Width], x[Width], row[limit][Width], column[limit][Width];

    /// For pixels [first, first + count) of rows of `width`; the others read zeros.
    WEFT_DEVICE tap_places(const conv2d_geometry& of, std::ptrdiff_t first, int count)
        : g(of),
          other_height(Backward ? of.out_h() : of.height),
          other_width(Backward ? of.out_w() : of.width) {
        const int width = Backward ? g.width : g.out_w();
        int at_y = int(first / width), at_x = int(first % width);
        for (int j = 0; j < Width; ++j) {
            y[j] = at_y;
            x[j] = j < count ? at_x : absent;
            if (++at_x == width) at_x = 0, ++at_y;
        }
        for (int u = 0; u < g.kernel_h && u < limit; ++u) find_rows(u, row[u]);
        for (int v = 0; v < g.kernel_w && v < limit; ++v) find_columns(v, column[v]);
    }
    /// What the pixels read through tap (u, v) of an image.
    template <class T>
    WEFT_DEVICE void gather(const T* image, int u, int v, T* to) const {
        int rows[Width], columns[Width];
        if (u >= limit) find_rows(u, rows);
        if (v >= limit) find_columns(v, columns);
        gather(image, u < limit ? row[u] : rows, v < limit ? column[v] : columns, to);
    }

private:
    template <class T>
    WEFT_DEVICE static void gather(const T* image, const int* rows, const int* columns, T* to) {
        WEFT_INDEPENDENT
        for (int j = 0; j < Width; ++j) {
            const int at = rows[j] + columns[j];
            const T value = image[at < 0 ? 0 : at];
            to[j] = at < 0 ? T(0) : value;
        }
    }
    WEFT_DEVICE void find_rows(int u, int* rows) const {
        for (int j = 0; j < Width; ++j) {
            const int at = other(y[j], u, g.stride_h, g.padding_h, g.dilation_h, other_height);
            rows[j] = at < 0 ? absent : at * other_width;
        }
    }
    WEFT_DEVICE void find_columns(int v, int* columns) const {
        for (int j = 0; j < Width; ++j)
            columns[j] =
                x[j] < 0 ? absent : other(x[j], v, g.stride_w, g.padding_w, g.dilation_w, other_width);
    }
    WEFT_DEVICE static int other(int at, int tap, int stride, int padding, int dilation, int size) {
        int result = at * stride - padding + tap * dilation;
        if constexpr (Backward) {
            const int reached = at + padding - tap * dilation;
            result = stride == 1 ? reached : reached / stride;
            if (reached < 0 || result * stride != reached) return absent;
        }
        return result < 0 || result >= size ? absent : result;
    }
};

/// Taps [first, first + depth), counted through all planes, for the pixels of `places`.
template <bool Backward, int Width, class T>
WEFT_DEVICE void pack_taps(const tap_places<Backward, Width>& places, const convolution_sizes& s,
                           const T* images, std::ptrdiff_t plane, std::ptrdiff_t first, int depth, T* to) {
    const int taps = int(s.taps);
    const T* image = images + first / taps * plane;
    int u = int(first % taps) / s.g.kernel_w, v = int(first % taps) % s.g.kernel_w;
    for (int k = 0; k < depth; ++k) {
        places.gather(image, u, v, to + k * Width);
        if (++v < s.g.kernel_w) continue;
        v = 0;
        if (++u < s.g.kernel_h) continue;
        u = 0;
        image += plane;
    }
}

/// The right factor, z = sample and group: the taps of the images' planes, or backward of the gradients'.
template <class T, bool Backward>
struct plane_taps {
    convolution_sizes s;
    const T* planes;
    template <int Width>
    WEFT_DEVICE void pack(std::ptrdiff_t z, std::ptrdiff_t first, int depth, std::ptrdiff_t column,
                          int columns, T* to) const {
        const auto plane = Backward ? s.plane_out : s.plane_in;
        const auto count = Backward ? s.filters : s.channels;
        pack_taps(tap_places<Backward, Width>(s.g, column, columns), s, planes + z * count * plane, plane,
                  first, depth, to);
    }
};

/// Forward, z = sample and group: y[filter, pixel] = w[filter, tap] taps[tap, pixel].
template <class T>
struct filter_rows {
    convolution_sizes s;
    const T* w;
    WEFT_DEVICE const T* row(std::ptrdiff_t z, std::ptrdiff_t i) const {
        return w + (z % s.g.groups * s.filters + i) * s.channels * s.taps;
    }
    WEFT_DEVICE std::ptrdiff_t offset(std::ptrdiff_t k) const { return k; }
};
template <class T>
using image_taps = plane_taps<T, false>;

/// Backward to the images, z = sample and group: dx[channel, pixel] = w[filter and tap, channel]^T dy.
template <class T>
struct channel_rows {
    convolution_sizes s;
    const T* w;
    WEFT_DEVICE const T* row(std::ptrdiff_t z, std::ptrdiff_t i) const {
        return w + (z % s.g.groups * s.filters * s.channels + i) * s.taps;
    }
    WEFT_DEVICE std::ptrdiff_t offset(std::ptrdiff_t k) const {
        return k / s.taps * s.channels * s.taps + k % s.taps;
    }
};
template <class T>
using gradient_taps = plane_taps<T, true>;

/// Backward to the weights, z = group: dw[filter, tap] = dy[filter, pixel of a sample] taps[tap, the same].
template <class T>
struct gradient_rows {
    convolution_sizes s;
    const T* dy;
    WEFT_DEVICE const T* row(std::ptrdiff_t z, std::ptrdiff_t i) const {
        return dy + (z * s.filters + i) * s.plane_out;
    }
    WEFT_DEVICE std::ptrdiff_t offset(std::ptrdiff_t k) const {
        return k / s.plane_out * s.g.filters * s.plane_out + k % s.plane_out;
    }
};
template <class T>
struct tap_columns {
    convolution_sizes s;
    const T* x;
    template <int Width>
    WEFT_DEVICE void pack(std::ptrdiff_t z, std::ptrdiff_t first, int depth, std::ptrdiff_t column,
                          int columns, T* to) const {
        const conv2d_geometry& g = s.g;
        const int taps = int(s.taps), out_w = g.out_w();
        int down[Width], right[Width], start[Width];  // of each column's tap, from a pixel's first tap
        for (int j = 0; j < Width; ++j) {
            const int at = int(column) + (j < columns ? j : 0), tap = at % taps;
            down[j] = tap / g.kernel_w * g.dilation_h;
            right[j] = tap % g.kernel_w * g.dilation_w;
            start[j] = at / taps * int(s.plane_in) + down[j] * g.width + right[j];
        }
        std::ptrdiff_t sample = first / s.plane_out;
        int pixel = int(first % s.plane_out), oy = pixel / out_w, ox = pixel % out_w;
        const T* images = x + (sample * g.channels + z * s.channels) * s.plane_in;
        const int height = g.height, width = g.width;
        for (int k = 0; k < depth; ++k) {
            const int top = oy * g.stride_h - g.padding_h, left = ox * g.stride_w - g.padding_w;
            const int base = top * width + left;
            T* row = to + k * Width;
            WEFT_INDEPENDENT
            for (int j = 0; j < Width; ++j) {
                const bool in_rows = unsigned(top + down[j]) < unsigned(height);
                const bool in_columns = unsigned(left + right[j]) < unsigned(width);
                const bool inside = in_rows & in_columns;
                const T value = images[inside ? base + start[j] : 0];
                row[j] = inside ? value : T(0);
            }
            if (++ox < out_w) continue;
            ox = 0;
            if (++oy < g.out_h()) continue;
            oy = 0;
            images += g.channels * s.plane_in;
        }
    }
};

/// The gradient of a bias, if it is wanted.
template <class System, class T>
void sum_filters(const System& on, const convolution_sizes& s, const arguments<T>& a) {
    if (a.out[1])
        for_each_index(on, s.g.filters, a.batch * s.plane_out,
                       run_sums<T>{a.in[1], a.out[1], s.g.filters, 0, a.batch, s.g.filters * s.plane_out,
                                   s.plane_out, T(1)});
}

}  // namespace weft::thrust_backend
