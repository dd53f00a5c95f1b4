#pragma once

#include <algorithm>
#include <cstdint>

#include "../../core/geometry.hpp"
#include "../arguments.hpp"
#include "vectors.hpp"

namespace weft::cpu_backend {

/// What becomes of the numbers in a window.
enum class pooling { maximum, average };

/// The columns of results whose windows lie in the image from side to side.
struct inner_columns {
    int begin, end;
    explicit inner_columns(const pool_geometry& g) {
        const int fit =
            g.width + g.padding_w - g.kernel_w;  // the last left edge that fits, from the padding on
        begin = std::min((g.padding_w + g.stride_w - 1) / g.stride_w, g.out_w);
        end = fit < 0 ? begin : std::clamp(fit / g.stride_w + 1, begin, g.out_w);
    }
};

template <pooling Kind, class T>
T join(T x, T y) {
    if constexpr (Kind == pooling::average) return x + y;
    return y > x ? y : x;
}
template <pooling Kind, class T>
T join_with_nan(T x, T y) {
    if constexpr (Kind == pooling::average) return x + y;
    return y > x || y != y ? y : x;
}

/// One window, cut to the image.
template <pooling Kind, class T>
T join_window(const T* image, int width, const pool_geometry::span& w) {
    T result = image[w.top * width + w.left];
    for (int v = w.top; v < w.bottom; ++v)
        for (int u = v == w.top ? w.left + 1 : w.left; u < w.right; ++u)
            result = join_with_nan<Kind>(result, image[v * width + u]);
    return result;
}

/// The rows of a window joined, column by column. Returns whether all results are finite, so that maxima of
/// them can be taken without a thought for NaN.
template <pooling Kind, class T>
bool join_rows(const T* row, int rows, int width, T* joined) {
    using P = packet_of<T>;
    P zeros = set<P>(0);
    for (int i = 0; i < width; i += lanes<T>) {
        P x = load(row + i, width - i);
        for (int v = 1; v < rows; ++v) {
            const P y = load(row + v * width + i, width - i);
            if constexpr (Kind == pooling::average)
                x = ei::padd(x, y);
            else  // NaN compares unequal to itself, and wins
                x = choose(ei::pcmp_eq(y, y), choose(ei::pcmp_lt(x, y), y, x), y);
        }
        ei::pstoreu(joined + i, x);
        if constexpr (Kind == pooling::maximum) zeros = ei::padd(zeros, ei::pmul(x, set<P>(0)));
    }
    return Kind == pooling::average || ei::predux(zeros) == T(0);
}

/// Windows of Kernel columns (0: as many as the record says) over rows that are joined already.
template <pooling Kind, int Kernel, class T>
void join_columns(const T* joined, const pool_geometry& g, const inner_columns& inside, T* out) {
    const int kernel = Kernel ? Kernel : g.kernel_w;
    const T* x = joined + inside.begin * g.stride_w - g.padding_w;
    for (int i = inside.begin; i < inside.end; ++i, x += g.stride_w) {
        T result = x[0];
        for (int u = 1; u < kernel; ++u) result = cpu_backend::join<Kind>(result, x[u]);
        out[i] = result;
    }
}

/// max_pool2d or avg_pool2d of samples [first, last): rows are joined by packets, then columns.
template <pooling Kind, class T>
void pool2d(const pool_geometry& g, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    constexpr int room = 1024;
    const inner_columns inside(g);
    T joined[room + lanes<T>];
    for (std::ptrdiff_t p = first * g.channels; p < last * g.channels; ++p)
        for (int y = 0; y < g.out_h; ++y) {
            const T* image = a.in[0] + p * g.in();
            T* out = a.out[0] + p * g.out() + y * g.out_w;
            const pool_geometry::span w = g.window(y, 0);
            const bool plain = g.width <= room &&
                               join_rows<Kind>(image + w.top * g.width, w.bottom - w.top, g.width, joined);
            if (plain && g.kernel_w == 2)
                join_columns<Kind, 2>(joined, g, inside, out);
            else if (plain)
                join_columns<Kind, 0>(joined, g, inside, out);
            for (int x = 0; x < g.out_w; ++x) {
                if (plain && x == inside.begin) x = inside.end;
                if (x < g.out_w) out[x] = join_window<Kind>(image, g.width, g.window(y, x));
            }
            if constexpr (Kind == pooling::average)
                for (int x = 0; x < g.out_w; ++x) out[x] /= T(g.window(y, x).divisor);
        }
}

/// Is y larger than x, or the first NaN of the two? As a number, since a branch on it would be mispredicted
/// every other time.
template <class T>
int wins(T y, T x) {
    return int(!(y <= x)) & int(x == x);
}
/// The place of the first maximum of a window; NaN wins.
template <class T>
int place_of_maximum(const T* image, int width, const pool_geometry::span& w) {
    int best = w.top * width + w.left;
    for (int v = w.top; v < w.bottom; ++v)
        for (int u = w.left; u < w.right; ++u) {
            const int at = v * width + u;
            best ^= (best ^ at) & -wins(image[at], image[best]);
        }
    return best;
}
/// The same for the window of 2x2 at `upper`, relative to it.
template <class T>
int place_of_four(const T* upper, int width) {
    const T* lower = upper + width;
    const int u = wins(upper[1], upper[0]), l = wins(lower[1], lower[0]);
    return u ^ ((u ^ (width + l)) & -wins(lower[l], upper[u]));
}

template <class T>
void max_pool2d_grad(const pool_geometry& g, const arguments<T>& a, std::ptrdiff_t first,
                     std::ptrdiff_t last) {
    const inner_columns inside(g);
    std::fill_n(a.out[0] + first * g.channels * g.in(), (last - first) * g.channels * g.in(), T(0));
    for (std::ptrdiff_t p = first * g.channels; p < last * g.channels; ++p) {
        const T *dy = a.in[0] + p * g.out(), *image = a.in[1] + p * g.in();
        T* dx = a.out[0] + p * g.in();
        for (int y = 0; y < g.out_h; ++y, dy += g.out_w) {
            const pool_geometry::span w = g.window(y, 0);
            const int four = g.kernel_w == 2 && w.bottom - w.top == 2 ? inside.end : 0;
            for (int x = 0; x < g.out_w; ++x) {
                int at = w.top * g.width + x * g.stride_w - g.padding_w;
                if (x < four && x >= inside.begin)
                    at += place_of_four(image + at, g.width);
                else
                    at = place_of_maximum(image, g.width, g.window(y, x));
                dx[at] += dy[x];
            }
        }
    }
}

template <class T>
void avg_pool2d_grad(const pool_geometry& g, const arguments<T>& a, std::ptrdiff_t first,
                     std::ptrdiff_t last) {
    std::fill_n(a.out[0] + first * g.channels * g.in(), (last - first) * g.channels * g.in(), T(0));
    for (std::ptrdiff_t p = first * g.channels; p < last * g.channels; ++p) {
        const T* dy = a.in[0] + p * g.out();
        for (int y = 0; y < g.out_h; ++y)
            for (int x = 0; x < g.out_w; ++x) {
                const pool_geometry::span w = g.window(y, x);
                const T share = *dy++ / T(w.divisor);
                for (int v = w.top; v < w.bottom; ++v) {
                    T* dx = a.out[0] + p * g.in() + v * g.width;
                    for (int u = w.left; u < w.right; ++u) dx[u] += share;
                }
            }
    }
}

}  // namespace weft::cpu_backend
