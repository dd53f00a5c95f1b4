#pragma once

#include <cstring>

#include "../arguments.hpp"

namespace weft::cpu_backend {

/// Samples [first, last) of the parts, one part after the other.
template <class T>
void concat(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const int parts = n.attribute[graph::max_inputs];
    for (std::ptrdiff_t s = first; s < last; ++s) {
        T* to = a.out[0];
        std::ptrdiff_t total = 0;
        for (int p = 0; p < parts; ++p) total += n.attribute[p];
        to += s * total;
        for (int p = 0; p < parts; ++p) {
            const std::ptrdiff_t size = n.attribute[p];
            std::memcpy(to, a.in[p] + s * size, std::size_t(size) * sizeof(T));
            to += size;
        }
    }
}

template <class T>
void slice(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const std::ptrdiff_t total = n.attribute[0], offset = n.attribute[1], size = n.attribute[2];
    for (std::ptrdiff_t s = first; s < last; ++s)
        std::memcpy(a.out[0] + s * size, a.in[0] + s * total + offset, std::size_t(size) * sizeof(T));
}

/// Each pixel as by_h x by_w pixels: a row is widened once and copied.
template <class T>
void upsample2d(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const std::ptrdiff_t rows = std::ptrdiff_t(n.attribute[0]) * n.attribute[1], width = n.attribute[2];
    const int by_h = n.attribute[3], by_w = n.attribute[4];
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

template <class T>
void upsample2d_grad(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    const std::ptrdiff_t rows = std::ptrdiff_t(n.attribute[0]) * n.attribute[1], width = n.attribute[2];
    const int by_h = n.attribute[3], by_w = n.attribute[4];
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

}  // namespace weft::cpu_backend
