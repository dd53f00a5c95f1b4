#pragma once

#include "../reference/windows.hpp"
#include "elementwise.hpp"

namespace weft::cuda_backend {

/// Numbers of images [.., height, width]: element e is at (y, x) of image `plane`.
struct image_places {
    divider by_height, by_width;
    struct place {
        std::int64_t plane;
        int y, x;
    };
    image_places(int height, int width) : by_height(height), by_width(width) {}
    WEFT_DEVICE place operator()(std::int64_t e) const {
        const std::int64_t row = divided(e, by_width), plane = divided(row, by_height);
        return {plane, int(row - plane * by_height.by()), int(e - row * by_width.by())};
    }
};

/// out = what follows on each(e), for numbers e < total.
template <class Each>
struct each_source {
    Each each;
    template <class Tail, class T>
    WEFT_DEVICE void read(const Tail&, std::int64_t e, T (&x)[1]) const {
        x[0] = each(e);
    }
};
template <class Device, class Tail, class Each>
void map_each(const Device& device, std::int64_t total, const Tail& tail, const Each& each) {
    map_in<1, typename Tail::number>(device, each_source<Each>{each}, tail, tail.out, total);
}

template <bool Maximum, class T, class In>
struct pooled {
    pool_geometry g;
    image_places places;
    const In* in;

    WEFT_DEVICE T operator()(std::int64_t e) const {
        const auto [plane, y, x] = places(e);
        const In* image = in + plane * g.in();
        const pool_geometry::span w = g.window(y, x);
        if constexpr (Maximum) {
            T best = T(image[w.top * g.width + w.left]);
            for (int v = w.top; v < w.bottom; ++v)
                for (int u = w.left; u < w.right; ++u) {
                    const T candidate = T(image[v * g.width + u]);
                    if (candidate > best || candidate != candidate) best = candidate;
                }
            return best;
        } else {
            T sum = 0;
            for (int v = w.top; v < w.bottom; ++v)
                for (int u = w.left; u < w.right; ++u) sum += T(image[v * g.width + u]);
            return sum / T(w.divisor);
        }
    }
};

/// The gradient of one number of an image: each window that covers it is asked, so that nothing is added
/// twice by different threads.
template <bool Maximum, class T, class Gradient, class In>
struct pooled_gradient {
    pool_geometry g;
    image_places places;
    divider by_stride_h, by_stride_w;
    const Gradient* dy;
    const In* image;

    WEFT_DEVICE T operator()(std::int64_t e) const {
        const auto [plane, y, x] = places(e);
        const int top = first(y + g.padding_h - g.kernel_h, by_stride_h),
                  bottom = last(y + g.padding_h, by_stride_h, g.out_h);
        const int left = first(x + g.padding_w - g.kernel_w, by_stride_w),
                  right = last(x + g.padding_w, by_stride_w, g.out_w);
        const Gradient* from = dy + plane * g.out();
        T sum = 0;
        for (int v = top; v < bottom; ++v)
            for (int u = left; u < right; ++u)
                sum += share(T(from[v * g.out_w + u]), v, u, plane, y * g.width + x);
        return sum;
    }

private:
    /// The first window that starts behind `at`, and one more than the last that starts at or before it.
    WEFT_DEVICE static int first(int at, const divider& stride) { return at < 0 ? 0 : stride(at) + 1; }
    WEFT_DEVICE static int last(int at, const divider& stride, int count) {
        const int all = stride(at) + 1;
        return all < count ? all : count;
    }
    WEFT_DEVICE T share(T gradient, int v, int u, std::int64_t plane, int at) const {
        const pool_geometry::span w = g.window(v, u);
        if constexpr (Maximum)
            return reference_backend::argmax(image + plane * g.in(), g.width, w) == at ? gradient : T(0);
        else
            return gradient / T(w.divisor);
    }
};

/// The same where windows tile the image: the gradients of a whole window, whose maximum is looked for once.
template <bool Maximum, class Tail, class T, class Gradient, class In>
struct tiled_pool_gradient {
    pool_geometry g;
    image_places places;  ///< of the windows
    Tail tail;
    const Gradient* dy;
    const In* image;

    static constexpr bool fits(const pool_geometry& g) {
        return g.stride_h == g.kernel_h && g.stride_w == g.kernel_w && g.padding_h == 0 && g.padding_w == 0 &&
               g.height == g.out_h * g.kernel_h && g.width == g.out_w * g.kernel_w;
    }
    WEFT_DEVICE void operator()(std::int64_t e) const {
        const auto [plane, y, x] = places(e);
        const pool_geometry::span w = g.window(y, x);
        const std::int64_t start = plane * g.in();
        const T share = Maximum ? T(dy[e]) : T(dy[e]) / T(w.divisor);
        const int best = Maximum ? reference_backend::argmax(image + start, g.width, w) : 0;
        for (int v = w.top; v < w.bottom; ++v)
            for (int u = w.left; u < w.right; ++u) {
                const int at = v * g.width + u;
                tail.put(!Maximum || at == best ? share : T(0), start + at);
            }
    }
};

template <class T, class In>
struct enlarged {
    image_places places;  ///< of the large image
    divider by_h, by_w;
    int height, width;
    const In* in;

    WEFT_DEVICE T operator()(std::int64_t e) const {
        const auto [plane, y, x] = places(e);
        return T(in[(plane * height + by_h(y)) * width + by_w(x)]);
    }
};
template <class T, class Gradient>
struct enlarged_gradient {
    image_places places;  ///< of the small image
    int by_h, by_w, height, width;
    const Gradient* dy;

    WEFT_DEVICE T operator()(std::int64_t e) const {
        const auto [plane, y, x] = places(e);
        const std::int64_t out_w = std::int64_t(width) * by_w;
        const Gradient* from = dy + (plane * height + y) * by_h * out_w + std::int64_t(x) * by_w;
        T sum = 0;
        for (int v = 0; v < by_h; ++v)
            for (int u = 0; u < by_w; ++u) sum += T(from[v * out_w + u]);
        return sum;
    }
};

// Neighbours in a warp take neighbours in a row: windows overlap or touch, so that a cache line is read once.

template <>
struct kernel<graph::max_pool2d> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        map_each(device, g.channels * g.out() * a.batch, chain_functor<Chain, T>(n, a),
                 pooled<true, T, input_type<Chain, 0, T>>{g, {g.out_h, g.out_w}, input<Chain, 0>(a)});
    }
};

template <>
struct kernel<graph::avg_pool2d> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const pool_geometry g = n.as<graph::pool>().g;
        map_each(device, g.channels * g.out() * a.batch, chain_functor<Chain, T>(n, a),
                 pooled<false, T, input_type<Chain, 0, T>>{g, {g.out_h, g.out_w}, input<Chain, 0>(a)});
    }
};

template <bool Maximum>
struct pool_gradient_kernel {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using in = input_type<Chain, 0, T>;
        using image = input_type<Chain, 1, T>;
        using tiled = tiled_pool_gradient<Maximum, chain_functor<Chain, T>, T, in, image>;
        const pool_geometry g = n.as<graph::pool>().g;
        const chain_functor<Chain, T> tail(n, a);
        if (tiled::fits(g))
            for_each_index(device, g.channels * g.out() * a.batch,
                           tiled{g, {g.out_h, g.out_w}, tail, input<Chain, 0>(a), input<Chain, 1>(a)});
        else
            map_each(device, g.channels * g.in() * a.batch, tail,
                     pooled_gradient<Maximum, T, in, image>{g,
                                                            {g.height, g.width},
                                                            divider(g.stride_h),
                                                            divider(g.stride_w),
                                                            input<Chain, 0>(a),
                                                            input<Chain, 1>(a)});
    }
};
template <>
struct kernel<graph::max_pool2d_grad> : pool_gradient_kernel<true> {};
template <>
struct kernel<graph::avg_pool2d_grad> : pool_gradient_kernel<false> {};

template <>
struct kernel<graph::upsample2d> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::upsample2d>();
        map_each(device, std::int64_t(p.y().dims.size()) * a.batch, chain_functor<Chain, T>(n, a),
                 enlarged<T, input_type<Chain, 0, T>>{{p.height * p.by_h, p.width * p.by_w},
                                                      divider(p.by_h),
                                                      divider(p.by_w),
                                                      p.height,
                                                      p.width,
                                                      input<Chain, 0>(a)});
    }
};

template <>
struct kernel<graph::upsample2d_grad> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::upsample2d_grad>();
        map_each(device, std::int64_t(p.x().dims.size()) * a.batch, chain_functor<Chain, T>(n, a),
                 enlarged_gradient<T, input_type<Chain, 0, T>>{
                     {p.height, p.width}, p.by_h, p.by_w, p.height, p.width, input<Chain, 0>(a)});
    }
};

}  // namespace weft::cuda_backend
