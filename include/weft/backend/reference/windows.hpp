#pragma once

#include "kernel.hpp"

namespace weft::reference_backend {

/// The index of the first maximum of a window; NaN wins, as in PyTorch.
template <class T>
constexpr int argmax(const T* image, int width, const pool_geometry::span& w) {
    int best = w.top * width + w.left;
    for (int y = w.top; y < w.bottom; ++y)
        for (int x = w.left; x < w.right; ++x) {
            const T candidate = image[y * width + x];
            if (candidate > image[best] || (candidate != candidate && image[best] == image[best]))
                best = y * width + x;
        }
    return best;
}

template <>
struct kernel<graph::max_pool2d> {
    template <class T>
    static constexpr void run(const graph::max_pool2d& p, const arguments<T>& a) {
        const pool_geometry& g = p.g;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * g.channels; ++plane)
            for (int y = 0; y < g.out_h; ++y)
                for (int x = 0; x < g.out_w; ++x) {
                    const T* image = a.in[0] + plane * g.in();
                    a.out[0][plane * g.out() + y * g.out_w + x] =
                        image[argmax(image, g.width, g.window(y, x))];
                }
    }
};

template <>
struct kernel<graph::max_pool2d_grad> {
    template <class T>
    static constexpr void run(const graph::max_pool2d_grad& p, const arguments<T>& a) {
        const pool_geometry& g = p.g;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * g.channels; ++plane) {
            T* dx = a.out[0] + plane * g.in();
            const T* image = a.in[1] + plane * g.in();
            for (std::ptrdiff_t i = 0; i < g.in(); ++i) dx[i] = 0;
            for (int y = 0; y < g.out_h; ++y)
                for (int x = 0; x < g.out_w; ++x)
                    dx[argmax(image, g.width, g.window(y, x))] += a.in[0][plane * g.out() + y * g.out_w + x];
        }
    }
};

template <>
struct kernel<graph::avg_pool2d> {
    template <class T>
    static constexpr void run(const graph::avg_pool2d& p, const arguments<T>& a) {
        const pool_geometry& g = p.g;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * g.channels; ++plane)
            for (int y = 0; y < g.out_h; ++y)
                for (int x = 0; x < g.out_w; ++x) {
                    const pool_geometry::span w = g.window(y, x);
                    T sum = 0;
                    for (int v = w.top; v < w.bottom; ++v)
                        for (int u = w.left; u < w.right; ++u)
                            sum += a.in[0][plane * g.in() + v * g.width + u];
                    a.out[0][plane * g.out() + y * g.out_w + x] = sum / T(w.divisor);
                }
    }
};

template <>
struct kernel<graph::avg_pool2d_grad> {
    template <class T>
    static constexpr void run(const graph::avg_pool2d_grad& p, const arguments<T>& a) {
        const pool_geometry& g = p.g;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * g.channels; ++plane) {
            T* dx = a.out[0] + plane * g.in();
            for (std::ptrdiff_t i = 0; i < g.in(); ++i) dx[i] = 0;
            for (int y = 0; y < g.out_h; ++y)
                for (int x = 0; x < g.out_w; ++x) {
                    const pool_geometry::span w = g.window(y, x);
                    const T share = a.in[0][plane * g.out() + y * g.out_w + x] / T(w.divisor);
                    for (int v = w.top; v < w.bottom; ++v)
                        for (int u = w.left; u < w.right; ++u) dx[v * g.width + u] += share;
                }
        }
    }
};

template <>
struct kernel<graph::upsample2d> {
    template <class T>
    static constexpr void run(const graph::upsample2d& p, const arguments<T>& a) {
        const int out_h = p.height * p.by_h, out_w = p.width * p.by_w;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * p.channels; ++plane)
            for (int y = 0; y < out_h; ++y)
                for (int x = 0; x < out_w; ++x)
                    a.out[0][(plane * out_h + y) * out_w + x] =
                        a.in[0][(plane * p.height + y / p.by_h) * p.width + x / p.by_w];
    }
};

template <>
struct kernel<graph::upsample2d_grad> {
    template <class T>
    static constexpr void run(const graph::upsample2d_grad& p, const arguments<T>& a) {
        const int out_h = p.height * p.by_h, out_w = p.width * p.by_w;
        for (std::ptrdiff_t plane = 0; plane < std::ptrdiff_t(a.batch) * p.channels; ++plane)
            for (int y = 0; y < p.height; ++y)
                for (int x = 0; x < p.width; ++x) {
                    T sum = 0;
                    for (int v = 0; v < p.by_h; ++v)
                        for (int u = 0; u < p.by_w; ++u)
                            sum += a.in[0][(plane * out_h + y * p.by_h + v) * out_w + x * p.by_w + u];
                    a.out[0][(plane * p.height + y) * p.width + x] = sum;
                }
    }
};

}  // namespace weft::reference_backend
