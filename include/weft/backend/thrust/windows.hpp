#pragma once

#include "../reference/windows.hpp"
#include "elementwise.hpp"

namespace weft::thrust_backend {

/// One row of pooled results, of one channel of one sample, and its steps.
template <bool Maximum, class Tail, class T>
struct pool_rows {
    pool_geometry g;
    Tail tail;
    const T* in;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const T* image = in + q / g.out_h * g.in();
        const int y = int(q % g.out_h);
        T* row = out + q * g.out_w;
        for (int x = 0; x < g.out_w; ++x) {
            const pool_geometry::span w = g.window(y, x);
            if constexpr (Maximum) {
                row[x] = image[reference_backend::argmax(image, g.width, w)];
            } else {
                T sum = 0;
                for (int v = w.top; v < w.bottom; ++v)
                    for (int u = w.left; u < w.right; ++u) sum += image[v * g.width + u];
                row[x] = sum / T(w.divisor);
            }
        }
        tail.finish(q * g.out_w, (q + 1) * g.out_w);
    }
};

/// The gradient of one channel of one sample: windows may overlap, so one call adds up all of them.
template <bool Maximum, class Tail, class T>
struct pool_grad_planes {
    pool_geometry g;
    Tail tail;
    const T *dy, *image;
    T* dx;

    WEFT_DEVICE void operator()(std::ptrdiff_t p) const {
        T* to = dx + p * g.in();
        const T *from = dy + p * g.out(), *x = Maximum ? image + p * g.in() : nullptr;
        for (std::ptrdiff_t i = 0; i < g.in(); ++i) to[i] = T(0);
        for (int v = 0; v < g.out_h; ++v)
            for (int u = 0; u < g.out_w; ++u) add(g.window(v, u), from[v * g.out_w + u], x, to);
        tail.finish(p * g.in(), (p + 1) * g.in());
    }

private:
    WEFT_DEVICE void add(const pool_geometry::span& w, T gradient, const T* x, T* to) const {
        if constexpr (Maximum) {
            to[reference_backend::argmax(x, g.width, w)] += gradient;
        } else {
            const T share = gradient / T(w.divisor);
            for (int v = w.top; v < w.bottom; ++v)
                for (int u = w.left; u < w.right; ++u) to[v * g.width + u] += share;
        }
    }
};

/// One row of an enlarged image.
template <class Tail, class T>
struct upsample_rows {
    graph::upsampling s;
    Tail tail;
    const T* in;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const int out_h = s.height * s.by_h, out_w = s.width * s.by_w, y = int(q % out_h);
        const T* from = in + (q / out_h * s.height + y / s.by_h) * s.width;
        for (int x = 0, at = 0; x < s.width; ++x)
            for (int u = 0; u < s.by_w; ++u) out[q * out_w + at++] = from[x];
        tail.finish(q * out_w, (q + 1) * out_w);
    }
};
/// One row of the gradient of a small image.
template <class Tail, class T>
struct upsample_grad_rows {
    graph::upsampling s;
    Tail tail;
    const T* dy;
    T* dx;

    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const int out_w = s.width * s.by_w;
        const T* from = dy + q * s.by_h * out_w;
        for (int x = 0; x < s.width; ++x) {
            T sum = 0;
            for (int v = 0; v < s.by_h; ++v)
                for (int u = 0; u < s.by_w; ++u) sum += from[v * out_w + x * s.by_w + u];
            dx[q * s.width + x] = sum;
        }
        tail.finish(q * s.width, (q + 1) * s.width);
    }
};

template <>
struct kernel<graph::max_pool2d> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        for_each_index(on, std::ptrdiff_t(a.batch) * g.channels * g.out_h, g.kernel_h * g.kernel_w * g.out_w,
                       pool_rows<true, chain_functor<Chain, T>, T>{g, {n, a}, a.in[0], a.out[0]});
    }
};

template <>
struct kernel<graph::max_pool2d_grad> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        for_each_index(
            on, std::ptrdiff_t(a.batch) * g.channels, g.kernel_h * g.kernel_w * g.out(),
            pool_grad_planes<true, chain_functor<Chain, T>, T>{g, {n, a}, a.in[0], a.in[1], a.out[0]});
    }
};

template <>
struct kernel<graph::avg_pool2d> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        for_each_index(on, std::ptrdiff_t(a.batch) * g.channels * g.out_h, g.kernel_h * g.kernel_w * g.out_w,
                       pool_rows<false, chain_functor<Chain, T>, T>{g, {n, a}, a.in[0], a.out[0]});
    }
};

template <>
struct kernel<graph::avg_pool2d_grad> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        for_each_index(
            on, std::ptrdiff_t(a.batch) * g.channels, g.kernel_h * g.kernel_w * g.out(),
            pool_grad_planes<false, chain_functor<Chain, T>, T>{g, {n, a}, a.in[0], a.in[1], a.out[0]});
    }
};

template <>
struct kernel<graph::upsample2d> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto s = n.as<graph::upsampling>();
        for_each_index(on, std::ptrdiff_t(a.batch) * s.channels * s.height * s.by_h, s.width * s.by_w,
                       upsample_rows<chain_functor<Chain, T>, T>{s, {n, a}, a.in[0], a.out[0]});
    }
};

template <>
struct kernel<graph::upsample2d_grad> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto s = n.as<graph::upsampling>();
        for_each_index(on, std::ptrdiff_t(a.batch) * s.channels * s.height, s.width * s.by_w * s.by_h,
                       upsample_grad_rows<chain_functor<Chain, T>, T>{s, {n, a}, a.in[0], a.out[0]});
    }
};

}  // namespace weft::thrust_backend
