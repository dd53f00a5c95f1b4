#pragma once

#include "../../core/geometry.hpp"
#include "../arguments.hpp"

namespace weft::reference_backend {

/// The geometry that a convolution's record holds.
constexpr conv2d_geometry geometry_of(const graph::node& n) {
    const auto& a = n.attribute;
    return {a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12]};
}

/// y[rows, n] = x[rows, k] w[n, k]^T
template <class T>
constexpr void gemm(const graph::node& n, const arguments<T>& a, int first, int last) {
    const int rows = n.attribute[0], outs = n.attribute[1], k = n.attribute[2];
    for (std::ptrdiff_t r = std::ptrdiff_t(first) * rows; r < std::ptrdiff_t(last) * rows; ++r)
        for (int j = 0; j < outs; ++j) {
            T sum = 0;
            for (int i = 0; i < k; ++i) sum += a.in[0][r * k + i] * a.in[1][std::ptrdiff_t(j) * k + i];
            a.out[0][r * outs + j] = sum;
        }
}

/// dx[rows, k] = dy[rows, n] w[n, k]
template <class T>
constexpr void gemm_data(const graph::node& n, const arguments<T>& a, int first, int last) {
    const int rows = n.attribute[0], outs = n.attribute[1], k = n.attribute[2];
    for (std::ptrdiff_t r = std::ptrdiff_t(first) * rows; r < std::ptrdiff_t(last) * rows; ++r)
        for (int i = 0; i < k; ++i) {
            T sum = 0;
            for (int j = 0; j < outs; ++j) sum += a.in[0][r * outs + j] * a.in[1][std::ptrdiff_t(j) * k + i];
            a.out[0][r * k + i] = sum;
        }
}

/// dw[n, k] = dy^T x, db[n] = the sum of dy's rows
template <class T>
constexpr void gemm_weights(const graph::node& n, const arguments<T>& a) {
    const int outs = n.attribute[1], k = n.attribute[2];
    const std::ptrdiff_t rows = std::ptrdiff_t(n.attribute[0]) * a.batch;
    for (int j = 0; j < outs; ++j) {
        T bias = 0;
        for (std::ptrdiff_t r = 0; r < rows; ++r) bias += a.in[1][r * outs + j];
        if (a.out[1]) a.out[1][j] = bias;
        for (int i = 0; i < k; ++i) {
            T sum = 0;
            for (std::ptrdiff_t r = 0; r < rows; ++r) sum += a.in[1][r * outs + j] * a.in[0][r * k + i];
            a.out[0][std::ptrdiff_t(j) * k + i] = sum;
        }
    }
}

/// Calls body(index of x, index of w, index of y) for every product of one sample of a convolution.
template <class Body>
constexpr void for_each_tap(const conv2d_geometry& g, Body body) {
    const int in = g.channels / g.groups, out = g.filters / g.groups, oh = g.out_h(), ow = g.out_w();
    for (int f = 0; f < g.filters; ++f)
        for (int y = 0; y < oh; ++y)
            for (int x = 0; x < ow; ++x)
                for (int c = 0; c < in; ++c)
                    for (int u = 0; u < g.kernel_h; ++u)
                        for (int v = 0; v < g.kernel_w; ++v) {
                            const int iy = y * g.stride_h - g.padding_h + u * g.dilation_h;
                            const int ix = x * g.stride_w - g.padding_w + v * g.dilation_w;
                            if (iy < 0 || iy >= g.height || ix < 0 || ix >= g.width) continue;
                            body(((f / out) * in + c) * g.height * g.width + iy * g.width + ix,
                                 ((f * in + c) * g.kernel_h + u) * g.kernel_w + v, (f * oh + y) * ow + x);
                        }
}

template <class T>
constexpr void conv2d(const graph::node& n, const arguments<T>& a, int first, int last) {
    const conv2d_geometry g = geometry_of(n);
    const std::ptrdiff_t in = g.channels * g.height * g.width, out = g.filters * g.out_h() * g.out_w();
    for (int s = first; s < last; ++s) {
        const T* x = a.in[0] + s * in;
        T* y = a.out[0] + s * out;
        for (std::ptrdiff_t i = 0; i < out; ++i) y[i] = 0;
        for_each_tap(g, [&](int ix, int iw, int iy) { y[iy] += x[ix] * a.in[1][iw]; });
    }
}

template <class T>
constexpr void conv2d_data(const graph::node& n, const arguments<T>& a, int first, int last) {
    const conv2d_geometry g = geometry_of(n);
    const std::ptrdiff_t in = g.channels * g.height * g.width, out = g.filters * g.out_h() * g.out_w();
    for (int s = first; s < last; ++s) {
        const T* dy = a.in[0] + s * out;
        T* dx = a.out[0] + s * in;
        for (std::ptrdiff_t i = 0; i < in; ++i) dx[i] = 0;
        for_each_tap(g, [&](int ix, int iw, int iy) { dx[ix] += dy[iy] * a.in[1][iw]; });
    }
}

template <class T>
constexpr void conv2d_weights(const graph::node& n, const arguments<T>& a) {
    const conv2d_geometry g = geometry_of(n);
    const std::ptrdiff_t in = g.channels * g.height * g.width, plane = g.out_h() * g.out_w(),
                         out = g.filters * plane;
    const int weights = g.filters * (g.channels / g.groups) * g.kernel_h * g.kernel_w;
    for (int i = 0; i < weights; ++i) a.out[0][i] = 0;
    for (int s = 0; s < a.batch; ++s) {
        const T *x = a.in[0] + s * in, *dy = a.in[1] + s * out;
        for_each_tap(g, [&](int ix, int iw, int iy) { a.out[0][iw] += dy[iy] * x[ix]; });
    }
    if (!a.out[1]) return;
    for (int f = 0; f < g.filters; ++f) {
        T sum = 0;
        for (int s = 0; s < a.batch; ++s)
            for (std::ptrdiff_t i = 0; i < plane; ++i) sum += a.in[1][s * out + f * plane + i];
        a.out[1][f] = sum;
    }
}

}  // namespace weft::reference_backend
