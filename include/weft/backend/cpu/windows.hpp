#pragma once

#include <cstring>

#include "kernel.hpp"
#include "pooling.hpp"

namespace weft::cpu_backend {

template <>
struct kernel<graph::max_pool2d> : sample_kernel<graph::max_pool2d> {
    template <class T>
    static void samples(const graph::max_pool2d& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        pool2d<pooling::maximum>(p.g, a, first, last);
    }
};

template <>
struct kernel<graph::max_pool2d_grad> : sample_kernel<graph::max_pool2d_grad> {
    template <class T>
    static void samples(const graph::max_pool2d_grad& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        cpu_backend::max_pool2d_grad(p.g, a, first, last);
    }
};

template <>
struct kernel<graph::avg_pool2d> : sample_kernel<graph::avg_pool2d> {
    template <class T>
    static void samples(const graph::avg_pool2d& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        pool2d<pooling::average>(p.g, a, first, last);
    }
};

template <>
struct kernel<graph::avg_pool2d_grad> : sample_kernel<graph::avg_pool2d_grad> {
    template <class T>
    static void samples(const graph::avg_pool2d_grad& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        cpu_backend::avg_pool2d_grad(p.g, a, first, last);
    }
};

/// Each pixel as by_h x by_w pixels: a row is widened once and copied.
template <>
struct kernel<graph::upsample2d> : sample_kernel<graph::upsample2d> {
    template <class T>
    static void samples(const graph::upsample2d& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        const std::ptrdiff_t rows = std::ptrdiff_t(p.channels) * p.height, width = p.width;
        const int by_h = p.by_h, by_w = p.by_w;
        const std::ptrdiff_t out_w = width * by_w;
        for (std::ptrdiff_t r = first * rows; r < last * rows; ++r) {
            const T* x = a.in[0] + r * width;
            T* y = a.out[0] + r * by_h * out_w;
            if (by_w == 2)
                for (std::ptrdiff_t i = 0; i < width; ++i) y[2 * i] = y[2 * i + 1] = x[i];
            else
                for (std::ptrdiff_t i = 0; i < width; ++i)
                    for (int u = 0; u < by_w; ++u) y[i * by_w + u] = x[i];
            for (int v = 1; v < by_h; ++v) std::memcpy(y + v * out_w, y, std::size_t(out_w) * sizeof(T));
        }
    }
};

template <>
struct kernel<graph::upsample2d_grad> : sample_kernel<graph::upsample2d_grad> {
    template <class T>
    static void samples(const graph::upsample2d_grad& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        const std::ptrdiff_t rows = std::ptrdiff_t(p.channels) * p.height, width = p.width;
        const int by_h = p.by_h, by_w = p.by_w;
        const std::ptrdiff_t out_w = width * by_w;
        for (std::ptrdiff_t r = first * rows; r < last * rows; ++r) {
            const T* dy = a.in[0] + r * by_h * out_w;
            T* dx = a.out[0] + r * width;
            for (std::ptrdiff_t i = 0; i < width; ++i) {
                T sum = 0;
                for (int v = 0; v < by_h; ++v)
                    for (int u = 0; u < by_w; ++u) sum += dy[v * out_w + i * by_w + u];
                dx[i] = sum;
            }
        }
    }
};

}  // namespace weft::cpu_backend
