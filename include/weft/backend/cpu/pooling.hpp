#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "../reference/windows.hpp"

namespace weft::cpu_backend {

using reference_backend::pool_geometry;

/// What is gathered over a window: its maximum, that and its place, or its sum.
enum class pooling { maximum, place, sum };

/// One value with the result of W neighbouring windows. The first maximum counts, and NaN wins.
template <pooling Kind, int W, class T>
struct window_results {
    T value[W];
    std::int32_t place[W];

    explicit window_results(std::int32_t first, std::int32_t apart) {
        for (int k = 0; k < W; ++k) {
            value[k] = Kind == pooling::sum ? T(0) : -std::numeric_limits<T>::infinity();
            place[k] = first + k * apart;
        }
    }
    /// x[k * stride] joins window k. The fixed number of turns makes this a few packet instructions.
    void join(const T* x, int stride, std::int32_t at) {
        for (int k = 0; k < W; ++k) {
            const T c = x[k * stride];
            if constexpr (Kind == pooling::sum) {
                value[k] += c;
            } else {
                const bool take = (c > value[k]) | ((c != c) & (value[k] == value[k]));
                value[k] = take ? c : value[k];
                if constexpr (Kind == pooling::place) place[k] = take ? at + k * stride : place[k];
            }
        }
    }
};

/// W windows from column x0 on, which lie in the image from side to side. A stride known while compiling
/// (Stride, or 0) lets the compiler load packets.
template <pooling Kind, int W, int Stride, class T>
window_results<Kind, W, T> join_windows(const T* image, const pool_geometry& g, const pool_geometry::span& w,
                                        int left) {
    const int stride = Stride ? Stride : g.stride_w;
    window_results<Kind, W, T> r(w.top * g.width + left, stride);
    for (int v = w.top; v < w.bottom; ++v)
        for (int u = 0; u < g.kernel_w; ++u) {
            const int at = v * g.width + left + u;
            r.join(image + at, stride, at);
        }
    return r;
}
template <pooling Kind, class T>
window_results<Kind, 1, T> join_window(const T* image, const pool_geometry& g, const pool_geometry::span& w) {
    window_results<Kind, 1, T> r(w.top * g.width + w.left, 0);
    for (int v = w.top; v < w.bottom; ++v)
        for (int u = w.left; u < w.right; ++u) r.join(image + v * g.width + u, 0, v * g.width + u);
    return r;
}

/// Calls visit(x, divisor, value, place) for the windows of row y of the results. Blocks of W windows; the
/// last block is moved back to end with the row, and its first windows are not visited again.
template <pooling Kind, int W, class T, class Visit>
void for_each_window(const T* image, const pool_geometry& g, int y, const Visit& visit) {
    for (int x = 0; x < g.out_w;) {
        const int x0 = x + W <= g.out_w ? x : g.out_w - W, left = x0 * g.stride_w - g.padding_w;
        const pool_geometry::span w = g.window(y, x);
        if (x0 >= 0 && left >= 0 && left + (W - 1) * g.stride_w + g.kernel_w <= g.width) {
            const auto r = g.stride_w == 2 ? join_windows<Kind, W, 2>(image, g, w, left)
                                           : join_windows<Kind, W, 0>(image, g, w, left);
            for (; x < x0 + W; ++x) visit(x, w.divisor, r.value[x - x0], r.place[x - x0]);
        } else {
            const auto r = join_window<Kind>(image, g, w);
            visit(x++, w.divisor, r.value[0], r.place[0]);
        }
    }
}

/// Every window of one image.
template <pooling Kind, class T, class Visit>
void for_each_window(const T* image, const pool_geometry& g, Visit visit) {
    for (int y = 0; y < g.out_h; ++y, visit.next_row(g.out_w))
        if (g.out_w >= 8)
            for_each_window<Kind, 8>(image, g, y, visit);
        else
            for_each_window<Kind, 4>(image, g, y, visit);
}

template <pooling Kind, class T>
struct write_window {
    T* to;
    void operator()(int x, int divisor, T value, std::int32_t) const {
        to[x] = Kind == pooling::sum ? value / T(divisor) : value;
    }
    void next_row(int width) { to += width; }
};
template <class T>
struct return_gradient {
    const T* dy;
    T* dx;
    void operator()(int x, int, T, std::int32_t place) const { dx[place] += dy[x]; }
    void next_row(int width) { dy += width; }
};

/// max_pool2d or avg_pool2d of samples [first, last).
template <pooling Kind, class T>
void pool2d(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const pool_geometry g(n);
    for (std::ptrdiff_t p = first * g.channels; p < last * g.channels; ++p)
        for_each_window<Kind>(a.in[0] + p * g.in(), g, write_window<Kind, T>{a.out[0] + p * g.out()});
}

template <class T>
void max_pool2d_grad(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const pool_geometry g(n);
    std::fill_n(a.out[0] + first * g.channels * g.in(), (last - first) * g.channels * g.in(), T(0));
    for (std::ptrdiff_t p = first * g.channels; p < last * g.channels; ++p)
        for_each_window<pooling::place>(a.in[1] + p * g.in(), g,
                                        return_gradient<T>{a.in[0] + p * g.out(), a.out[0] + p * g.in()});
}

template <class T>
void avg_pool2d_grad(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const pool_geometry g(n);
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
