#pragma once

#include <cstddef>

#include "../../core/geometry.hpp"
#include "gemm.hpp"

namespace weft::cpu_backend::detail {

/// A convolution reads the input at the output's position times the stride plus a shift for each weight.
/// Where the input is copied so that columns (and rows) of one remainder modulo the stride lie together,
/// padded, the input of each weight is the output's own grid, moved: no patches are built, whatever the
/// stride. Positions are then counted along whole rows of the copy (`pitch`), and those outside the output
/// are computed and dropped.
struct axis {
    int size, results, kernel, stride, padding, dilation;

    constexpr int reach() const { return dilation * (kernel - 1); }
    /// Rows (or columns) of one phase of the copied input.
    constexpr int view() const { return results + reach() / stride; }
    constexpr int phase(int tap) const { return tap * dilation % stride; }
    constexpr int shift(int tap) const { return tap * dilation / stride; }
    /// Taps t and t + stride share a phase, and no others need a look: the phases in use, in the order of the
    /// first tap of each.
    constexpr int phases() const {
        int count = 1;
        while (count < kernel && phase(count) != 0) ++count;
        return count;
    }

    // The way back: input i gets from result q - shift(tap), q = (i + padding) / stride, for the taps whose
    // phase is (i + padding) % stride.
    constexpr int first_quotient(int phase_) const {
        return padding > phase_ ? (padding - phase_ + stride - 1) / stride : 0;
    }
    constexpr int first_input(int phase_) const { return first_quotient(phase_) * stride + phase_ - padding; }
    constexpr int inputs(int phase_) const {
        const int first = first_input(phase_);
        return first < size ? (size - 1 - first) / stride + 1 : 0;
    }
    constexpr int lowest_result() const { return padding / stride - reach() / stride; }
    constexpr int back_view() const { return (size - 1 + padding) / stride - lowest_result() + 1; }
    constexpr int taps(int phase_) const {
        int count = 0;
        for (int tap = 0; tap < kernel; ++tap) count += phase(tap) == phase_;
        return count;
    }
};

constexpr axis vertical(const conv2d_geometry& g) {
    return {g.height, g.out_h(), g.kernel_h, g.stride_h, g.padding_h, g.dilation_h};
}
constexpr axis horizontal(const conv2d_geometry& g) {
    return {g.width, g.out_w(), g.kernel_w, g.stride_w, g.padding_w, g.dilation_w};
}

constexpr bool pointwise(const conv2d_geometry& g) {
    return g.kernel_h == 1 && g.kernel_w == 1 && g.stride_h == 1 && g.stride_w == 1 && g.padding_h == 0 &&
           g.padding_w == 0;
}

constexpr std::ptrdiff_t weight_count(const conv2d_geometry& g) {
    return std::ptrdiff_t(g.filters) * (g.channels / g.groups) * g.kernel_h * g.kernel_w;
}

/// The elements of T that hold `count` offsets.
template <class T>
constexpr std::ptrdiff_t offset_space(std::ptrdiff_t count) {
    return round_up(count * std::ptrdiff_t(sizeof(std::ptrdiff_t)) / std::ptrdiff_t(sizeof(T)), 16);
}

/// A distance between planes that is no multiple of a page, so that they do not share a cache set.
constexpr std::ptrdiff_t plane_pitch(std::ptrdiff_t size) {
    const std::ptrdiff_t lines = (size + 15) / 16;
    return (lines | 1) * 16;
}

/// out[i][j] = plane[i * step_h + first_h][j * step_w + first_w], or zero outside of the plane.
template <class T>
[[gnu::noinline]] void copy_view(const T* plane, int height, int width, int first_h, int first_w, int step_h,
                                 int step_w, int rows, int columns, T* out) {
    // The columns that lie inside.
    int begin = first_w < 0 ? (-first_w + step_w - 1) / step_w : 0;
    int end = first_w < width ? (width - 1 - first_w) / step_w + 1 : 0;
    end = end < columns ? end : columns;
    begin = begin < end ? begin : end;
    for (int i = 0; i < rows; ++i, out += columns) {
        const int h = i * step_h + first_h;
        if (h < 0 || h >= height) {
            for (int j = 0; j < columns; ++j) out[j] = T(0);
            continue;
        }
        const T* in = plane + std::ptrdiff_t(h) * width + first_w;
        for (int j = 0; j < begin; ++j) out[j] = T(0);
        if (step_w == 1) {
            copy_row(in + begin, end - begin, out + begin);
        } else {
            for (int j = begin; j < end; ++j) out[j] = in[std::ptrdiff_t(j) * step_w];
        }
        for (int j = end; j < columns; ++j) out[j] = T(0);
    }
}

/// The copied input of one image: each channel a plane of phases, each phase whole rows of `pitch` columns.
struct input_layout {
    axis v, h;
    int phases_v, phases_h;
    std::ptrdiff_t pitch, phase_size, plane;

    constexpr explicit input_layout(const conv2d_geometry& g)
        : v(vertical(g)),
          h(horizontal(g)),
          phases_v(v.phases()),
          phases_h(h.phases()),
          pitch(h.view()),
          phase_size(v.view() * pitch),
          plane(plane_pitch(phases_v * phases_h * phase_size)) {}

    /// Where the view of one weight begins.
    constexpr std::ptrdiff_t offset(std::ptrdiff_t channel, int tap_h, int tap_w) const {
        return channel * plane + (tap_h % phases_v * phases_h + tap_w % phases_h) * phase_size +
               v.shift(tap_h) * pitch + h.shift(tap_w);
    }
    /// The positions of an output plane counted along whole rows of the view.
    constexpr std::ptrdiff_t positions() const { return (v.results - 1) * pitch + h.results; }
};

/// The copied result of one image (a gradient), of which the input's gradient reads.
struct result_layout {
    axis v, h;
    int lowest_v, lowest_h;
    std::ptrdiff_t pitch, plane;

    constexpr explicit result_layout(const conv2d_geometry& g)
        : v(vertical(g)),
          h(horizontal(g)),
          lowest_v(v.lowest_result()),
          lowest_h(h.lowest_result()),
          pitch(h.back_view()),
          plane(plane_pitch(v.back_view() * pitch)) {}

    constexpr std::ptrdiff_t offset(std::ptrdiff_t filter, int tap_h, int tap_w) const {
        const int row = v.first_quotient(v.phase(tap_h)) - v.shift(tap_h) - lowest_v;
        const int column = h.first_quotient(h.phase(tap_w)) - h.shift(tap_w) - lowest_h;
        return filter * plane + row * pitch + column;
    }
};

/// `out` from `used` on to its end.
template <class T>
void clear_from(T* out, std::ptrdiff_t used, std::ptrdiff_t size) {
    for (std::ptrdiff_t i = used; i < size; ++i) out[i] = T(0);
}

template <class T>
[[gnu::noinline]] void copy_input(const input_layout& l, const T* channel, T* out) {
    for (int r = 0; r < l.phases_v; ++r)
        for (int s = 0; s < l.phases_h; ++s)
            copy_view(channel, l.v.size, l.h.size, l.v.phase(r) - l.v.padding, l.h.phase(s) - l.h.padding,
                      l.v.stride, l.h.stride, l.v.view(), l.h.view(),
                      out + (r * l.phases_h + s) * l.phase_size);
    clear_from(out, l.phases_v * l.phases_h * l.phase_size, l.plane);
}

template <class T>
[[gnu::noinline]] void copy_result(const result_layout& l, const T* filter, T* out) {
    copy_view(filter, l.v.results, l.h.results, l.lowest_v, l.lowest_h, 1, 1, l.v.back_view(),
              l.h.back_view(), out);
    clear_from(out, l.v.back_view() * l.pitch, l.plane);
}

/// A correlation of moved views: result(r, i, j) = sum over k of a(r, k) * view[offsets[k] + i * pitch + j],
/// for `rows` planes of [height x width] results.
template <class T>
struct correlation {
    std::ptrdiff_t rows, depth;
    const T* a;  // [rows x depth]
    const T* view;
    const std::ptrdiff_t* offsets;
    int height, width;
    std::ptrdiff_t pitch;
    T* out;
    std::ptrdiff_t out_plane, out_row, out_col;
    T* buffer;
};

/// Rows of results that are computed at a time.
template <class T>
constexpr std::ptrdiff_t band_height(std::ptrdiff_t pitch) {
    const std::ptrdiff_t rows = 8 * tile<T>::columns / pitch;
    return rows < 1 ? 1 : rows;
}
/// The length of one row of the buffer that holds a band.
template <class T>
constexpr std::ptrdiff_t band_pitch(std::ptrdiff_t height, std::ptrdiff_t pitch) {
    return round_up(smaller(height, band_height<T>(pitch)) * pitch, tile<T>::lanes) + tile<T>::lanes;
}
/// The band of some rows of a, and one packed panel of views.
template <class T>
constexpr std::ptrdiff_t band_size(std::ptrdiff_t rows, std::ptrdiff_t height, std::ptrdiff_t pitch) {
    return round_up(smaller(rows, blocks<T>::rows) * band_pitch<T>(height, pitch), 16) +
           round_up(blocks<T>::depth * tile<T>::columns, 16);
}
/// What must be readable (and finite) behind the last plane of a view.
template <class T>
constexpr std::ptrdiff_t view_slack() {
    return round_up(tile<T>::lanes, 16);
}

/// Copies one plane's rows of a band to where they belong.
template <class T>
[[gnu::noinline]] void place_rows(const T* in, std::ptrdiff_t pitch, std::ptrdiff_t height,
                                  std::ptrdiff_t width, T* out, std::ptrdiff_t out_row,
                                  std::ptrdiff_t out_col) {
    constexpr int lanes = tile<T>::lanes;
    const std::ptrdiff_t whole = round_up(width, lanes);
    for (std::ptrdiff_t i = 0; i < height; ++i, in += pitch, out += out_row) {
        if (out_col != 1) {
            for (std::ptrdiff_t j = 0; j < width; ++j) out[j * out_col] = in[j];
        } else if (out_row == width && i * width + whole <= height * width) {
            // What is written beyond the row is written again by the rows that follow.
            for (std::ptrdiff_t j = 0; j < whole; j += lanes)
                Eigen::internal::pstoreu(out + j, Eigen::internal::ploadu<packet<T>>(in + j));
        } else {
            copy_row(in, width, out);
        }
    }
}

/// Copies `depth` rows of `packets` packets each into a panel.
template <class T>
[[gnu::noinline]] void pack_views(const T* view, const std::ptrdiff_t* offsets, std::ptrdiff_t depth,
                                  int packets, T* panel) {
    for (std::ptrdiff_t p = 0; p < depth; ++p, panel += tile<T>::columns)
        for (int q = 0; q < packets; ++q)
            Eigen::internal::pstoreu(panel + q * tile<T>::lanes, Eigen::internal::ploadu<packet<T>>(
                                                                     view + offsets[p] + q * tile<T>::lanes));
}

/// Rows [first, last) of the results. With many rows of a the views are packed, a block of the depth at a
/// time.
template <class T>
[[gnu::noinline]] void correlate(const correlation<T>& c, std::ptrdiff_t first, std::ptrdiff_t last) {
    constexpr int lanes = tile<T>::lanes;
    const bool pack = c.rows > blocks<T>::few_rows;
    const std::ptrdiff_t step = band_height<T>(c.pitch), ldb = band_pitch<T>(c.height, c.pitch);
    const std::ptrdiff_t depth_step = pack ? block_depth<T>(c.depth) : c.depth;
    T* const panel = c.buffer + round_up(smaller(c.rows, blocks<T>::rows) * ldb, 16);
    std::ptrdiff_t packed_offsets[blocks<T>::depth];
    for (std::ptrdiff_t p = 0; p < blocks<T>::depth; ++p) packed_offsets[p] = p * tile<T>::columns;
    for (std::ptrdiff_t row = first; row < last; row += step) {
        const std::ptrdiff_t height = smaller(step, last - row);
        const std::ptrdiff_t packets = ((height - 1) * c.pitch + c.width + lanes - 1) / lanes;
        for (std::ptrdiff_t block = 0; block < c.rows; block += blocks<T>::rows) {
            const std::ptrdiff_t rows = smaller(blocks<T>::rows, c.rows - block);
            for (std::ptrdiff_t j = 0; j < packets;) {
                const int width = tile_packets<T>(packets - j);
                const T* const view = c.view + row * c.pitch + j * lanes;
                std::ptrdiff_t p = 0;
                do {
                    const std::ptrdiff_t depth = smaller(depth_step, c.depth - p);
                    if (pack) pack_views(view, c.offsets + p, depth, width, panel);
                    for (std::ptrdiff_t i = 0; i < rows;) {
                        const int tall = tile_rows<T>(rows - i);
                        tile_kernel<T>(tall, width)(depth, c.a + (block + i) * c.depth + p, c.depth, 1,
                                                    pack ? panel : view, pack ? packed_offsets : c.offsets,
                                                    c.buffer + i * ldb + j * lanes, ldb, p > 0);
                        i += tall;
                    }
                    p += depth_step;
                } while (p < c.depth);
                j += width;
            }
            for (std::ptrdiff_t i = 0; i < rows; ++i)
                place_rows(c.buffer + i * ldb, c.pitch, height, c.width,
                           c.out + (block + i) * c.out_plane + row * c.out_row, c.out_row, c.out_col);
        }
    }
}

}  // namespace weft::cpu_backend::detail
