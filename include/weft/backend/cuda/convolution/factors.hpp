#pragma once

#include "../../../core/geometry.hpp"
#include "../execution/block.hpp"
#include "../execution/division.hpp"

// A convolution is a product of which one factor is gathered from images.
namespace weft::cuda_backend {

/// What of a convolution its factors need.
struct convolution_sizes {
    conv2d_geometry g;
    int plane_in, plane_out, taps, channels, filters;  ///< the last two of one group

    constexpr explicit convolution_sizes(const conv2d_geometry& of)
        : g(of),
          plane_in(of.height * of.width),
          plane_out(of.out_h() * of.out_w()),
          taps(of.kernel_h * of.kernel_w),
          channels(of.channels / of.groups),
          filters(of.filters / of.groups) {}
};

/// Where pixels are reached through taps. Forward, from pixels of the result to those of the image; Backward,
/// from pixels of the image to those of the result.
template <bool Backward>
struct tap_reach {
    int stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;
    int height, width;  ///< of the images that are reached
    divider by_h, by_w;

    explicit tap_reach(const conv2d_geometry& g)
        : stride_h(g.stride_h),
          stride_w(g.stride_w),
          padding_h(g.padding_h),
          padding_w(g.padding_w),
          dilation_h(g.dilation_h),
          dilation_w(g.dilation_w),
          height(Backward ? g.out_h() : g.height),
          width(Backward ? g.out_w() : g.width),
          by_h(g.stride_h),
          by_w(g.stride_w) {}

    /// Where the taps of a row or a column of pixels begin.
    WEFT_DEVICE int first_row(int y) const { return Backward ? y + padding_h : y * stride_h - padding_h; }
    WEFT_DEVICE int first_column(int x) const { return Backward ? x + padding_w : x * stride_w - padding_w; }
    /// Does tap u (or v) reach anything from there, and what?
    WEFT_DEVICE bool row(int first, int u, int& at) const {
        return reached(first, u * dilation_h, stride_h, by_h, height, at);
    }
    WEFT_DEVICE bool column(int first, int v, int& at) const {
        return reached(first, v * dilation_w, stride_w, by_w, width, at);
    }
    /// A tap on its way to several pixels: how far it is from where a pixel's taps begin.
    struct distance {
        int rows, columns;
    };
    WEFT_DEVICE distance distance_of(int u, int v) const { return {u * dilation_h, v * dilation_w}; }
    /// That of a tap that reaches nothing.
    WEFT_DEVICE static constexpr distance too_far() { return {Backward ? 1 << 29 : -(1 << 29), 0}; }
    WEFT_DEVICE bool both(int first_row_of, int first_column_of, distance d, int& y, int& x) const {
        const bool rows = reached(first_row_of, d.rows, stride_h, by_h, height, y),
                   columns = reached(first_column_of, d.columns, stride_w, by_w, width, x);
        return rows && columns;
    }
    /// A beginning from which nothing is reached.
    static constexpr int nowhere = -(1 << 29);

private:
    WEFT_DEVICE static bool reached(int first, int tap, int stride, const divider& by, int size, int& at) {
        if constexpr (Backward) {
            const int from = first - tap;
            at = by(from < 0 ? 0 : from);
            return from >= 0 && at * stride == from && at < size;
        } else {
            at = first + tap;
            return unsigned(at) < unsigned(size);
        }
    }
};

/// The right factor whose columns are pixels of all samples and whose depth is planes and taps.
template <class T, bool Backward>
struct image_taps {
    using number = T;
    static constexpr bool along_depth = false;
    static constexpr int width = 1;
    struct line {
        std::int64_t offset;
        int row, column;
    };
    tap_reach<Backward> reach;
    const T* data;
    std::int64_t sample_stride, z_stride;
    int plane, columns;
    divider pixels, row_pixels, taps, tap_columns;

    image_taps(const convolution_sizes& s, const T* images, int columns_of)
        : reach(s.g),
          data(images),
          sample_stride(Backward ? std::int64_t(s.g.filters) * s.plane_out
                                 : std::int64_t(s.g.channels) * s.plane_in),
          z_stride(Backward ? std::int64_t(s.filters) * s.plane_out : std::int64_t(s.channels) * s.plane_in),
          plane(Backward ? s.plane_out : s.plane_in),
          columns(columns_of),
          pixels(Backward ? s.plane_in : s.plane_out),
          row_pixels(Backward ? s.g.width : s.g.out_w()),
          taps(s.taps),
          tap_columns(s.g.kernel_w) {}

    WEFT_DEVICE line line_of(int z, int i) const {
        if (i >= columns) return {0, reach.nowhere, reach.nowhere};
        const int sample = pixels(i), pixel = i - sample * pixels.by(), y = row_pixels(pixel);
        return {sample * sample_stride + z * z_stride, reach.first_row(y),
                reach.first_column(pixel - y * row_pixels.by())};
    }
    WEFT_DEVICE void load(const line& l, int k, int last, T* to) const {
        const int p = taps(k), tap = k - p * taps.by(), u = tap_columns(tap);
        int row, column;
        const bool in_rows = reach.row(l.row, u, row),
                   in_columns = reach.column(l.column, tap - u * tap_columns.by(), column);
        *to = k < last && in_rows && in_columns ? data[l.offset + (p * plane + row * reach.width + column)]
                                                : T(0);
    }
    struct spot {
        typename tap_reach<Backward>::distance tap;
        int plane;
    };
    WEFT_DEVICE spot spot_of(int k, int last) const {
        const int p = taps(k), tap = k - p * taps.by(), u = tap_columns(tap);
        return {k < last ? reach.distance_of(u, tap - u * tap_columns.by()) : reach.too_far(), p * plane};
    }
    WEFT_DEVICE void load_at(const line& l, const spot* s, int, int, T* to) const {
        int row, column;
        const bool inside = reach.both(l.row, l.column, s->tap, row, column);
        *to = inside ? data[l.offset + (s->plane + row * reach.width + column)] : T(0);
    }
};

/// A factor whose depth comes in runs: number k of a line is at (k / run) * run_stride + k % run.
template <class T>
struct folded_lines {
    using number = T;
    static constexpr bool along_depth = true;
    static constexpr int width = pack<T>::size;
    struct line {
        std::int64_t offset;
        bool exists;
    };
    const T* data;
    std::int64_t line_stride, run_stride, z_stride;
    divider run;
    int lines;
    bool packs;

    folded_lines(const T* of, std::int64_t between_lines, int run_of, std::int64_t between_runs,
                 std::int64_t between_z, int lines_of)
        : data(of),
          line_stride(between_lines),
          run_stride(between_runs),
          z_stride(between_z),
          run(run_of),
          lines(lines_of),
          packs(pack<T>::aligned(of) && run_of % width == 0 && line_stride % width == 0 &&
                run_stride % width == 0 && z_stride % width == 0) {}

    WEFT_DEVICE line line_of(int z, int i) const { return {z * z_stride + i * line_stride, i < lines}; }
    using spot = std::int64_t;
    WEFT_DEVICE spot spot_of(int k, int) const {
        const int r = run(k);
        return r * run_stride + (k - r * run.by());
    }
    WEFT_DEVICE T at(const line& l, int k) const {
        const int r = run(k);
        return l.exists ? data[l.offset + (r * run_stride + (k - r * run.by()))] : T(0);
    }
    WEFT_DEVICE void load(const line& l, int k, int last, T* to) const {
        if (packs) {
            pack<T> p{};
            const int r = run(k);
            if (l.exists && k < last)
                p = pack<T>::load(data + (l.offset + (r * run_stride + (k - r * run.by()))));
            for (int e = 0; e < width; ++e) to[e] = p.at[e];
        } else {
            for (int e = 0; e < width; ++e) to[e] = k + e < last ? at(l, k + e) : T(0);
        }
    }
    WEFT_DEVICE void load_at(const line& l, const spot* s, int k, int last, T* to) const {
        const T* const from = data + l.offset;
        if (packs) {
            pack<T> p{};
            if (l.exists && k < last) p = pack<T>::load(from + s[0]);
            for (int e = 0; e < width; ++e) to[e] = p.at[e];
        } else {
            for (int e = 0; e < width; ++e) to[e] = l.exists && k + e < last ? from[s[e]] : T(0);
        }
    }
};

/// The right factor whose columns are planes and taps and whose depth is the pixels of all samples.
template <class T>
struct tap_lines {
    using number = T;
    static constexpr bool along_depth = true;
    static constexpr int width = 1;
    struct line {
        std::int64_t offset;
        int row, column;
    };
    tap_reach<false> reach;
    const T* data;
    std::int64_t sample_stride, z_stride;
    int plane, columns;
    divider pixels, row_pixels, taps, tap_columns;

    tap_lines(const convolution_sizes& s, const T* images)
        : reach(s.g),
          data(images),
          sample_stride(std::int64_t(s.g.channels) * s.plane_in),
          z_stride(std::int64_t(s.channels) * s.plane_in),
          plane(s.plane_in),
          columns(s.channels * s.taps),
          pixels(s.plane_out),
          row_pixels(s.g.out_w()),
          taps(s.taps),
          tap_columns(s.g.kernel_w) {}

    WEFT_DEVICE line line_of(int z, int i) const {
        if (i >= columns) return {0, reach.nowhere, reach.nowhere};
        const int p = taps(i), tap = i - p * taps.by(), u = tap_columns(tap);
        return {z * z_stride + std::int64_t(p) * plane, u * reach.dilation_h,
                (tap - u * tap_columns.by()) * reach.dilation_w};
    }
    WEFT_DEVICE T at(const line& l, int k) const {
        const int sample = pixels(k), pixel = k - sample * pixels.by(), y = row_pixels(pixel);
        const int row = reach.first_row(y) + l.row,
                  column = reach.first_column(pixel - y * row_pixels.by()) + l.column;
        const bool inside =
            unsigned(row) < unsigned(reach.height) && unsigned(column) < unsigned(reach.width);
        return inside ? data[l.offset + (sample * sample_stride + row * reach.width + column)] : T(0);
    }
    WEFT_DEVICE void load(const line& l, int k, int last, T* to) const { *to = k < last ? at(l, k) : T(0); }
    /// Where a pixel's taps begin.
    using spot = line;
    WEFT_DEVICE spot spot_of(int k, int last) const {
        if (k >= last) return {0, reach.nowhere, reach.nowhere};
        const int sample = pixels(k), pixel = k - sample * pixels.by(), y = row_pixels(pixel);
        return {sample * sample_stride, reach.first_row(y), reach.first_column(pixel - y * row_pixels.by())};
    }
    WEFT_DEVICE void load_at(const line& l, const spot* s, int, int, T* to) const {
        const int row = s->row + l.row, column = s->column + l.column;
        const bool inside =
            unsigned(row) < unsigned(reach.height) && unsigned(column) < unsigned(reach.width);
        *to = inside ? data[l.offset + (s->offset + row * reach.width + column)] : T(0);
    }
};

/// Results in images: rows are planes, columns are pixels of all samples.
template <class T>
struct image_result {
    std::int64_t row_stride, z_stride, sample_stride;
    divider pixels;
    bool packs;

    image_result(int plane, std::int64_t rows, std::int64_t groups)
        : row_stride(plane),
          z_stride(rows * plane),
          sample_stride(groups * rows * plane),
          pixels(plane),
          packs(plane % pack<T>::size == 0) {}
    WEFT_DEVICE std::int64_t column(int z, int j) const {
        const int sample = pixels(j);
        return sample * sample_stride + z * z_stride + (j - sample * pixels.by());
    }
};

}  // namespace weft::cuda_backend
