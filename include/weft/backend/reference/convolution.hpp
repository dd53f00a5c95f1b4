#pragma once

#include "kernel.hpp"

namespace weft::reference_backend {

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

template <>
struct kernel<graph::conv2d> {
    template <class T>
    static constexpr void run(const graph::conv2d& p, const arguments<T>& a) {
        const std::ptrdiff_t in = p.x().dims.size(), out = p.y().dims.size();
        for (int s = 0; s < a.batch; ++s) {
            const T* x = a.in[0] + s * in;
            T* y = a.out[0] + s * out;
            for (std::ptrdiff_t i = 0; i < out; ++i) y[i] = 0;
            for_each_tap(p.g, [&](int ix, int iw, int iy) { y[iy] += x[ix] * a.in[1][iw]; });
        }
    }
};

template <>
struct kernel<graph::conv2d_data> {
    template <class T>
    static constexpr void run(const graph::conv2d_data& p, const arguments<T>& a) {
        const std::ptrdiff_t in = p.x().dims.size(), out = p.y().dims.size();
        for (int s = 0; s < a.batch; ++s) {
            const T* dy = a.in[0] + s * out;
            T* dx = a.out[0] + s * in;
            for (std::ptrdiff_t i = 0; i < in; ++i) dx[i] = 0;
            for_each_tap(p.g, [&](int ix, int iw, int iy) { dx[ix] += dy[iy] * a.in[1][iw]; });
        }
    }
};

template <>
struct kernel<graph::conv2d_weights> {
    template <class T>
    static constexpr void run(const graph::conv2d_weights& p, const arguments<T>& a) {
        const std::ptrdiff_t in = p.x().dims.size(), out = p.y().dims.size(), plane = out / p.g.filters;
        for (int i = 0; i < p.w().dims.size(); ++i) a.out[0][i] = 0;
        for (int s = 0; s < a.batch; ++s) {
            const T *x = a.in[0] + s * in, *dy = a.in[1] + s * out;
            for_each_tap(p.g, [&](int ix, int iw, int iy) { a.out[0][iw] += dy[iy] * x[ix]; });
        }
        if (!a.out[1]) return;
        for (int f = 0; f < p.g.filters; ++f) {
            T sum = 0;
            for (int s = 0; s < a.batch; ++s)
                for (std::ptrdiff_t i = 0; i < plane; ++i) sum += a.in[1][s * out + f * plane + i];
            a.out[1][f] = sum;
        }
    }
};

}  // namespace weft::reference_backend
