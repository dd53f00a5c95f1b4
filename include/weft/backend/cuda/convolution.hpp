#pragma once

#include <algorithm>

#include "convolution/direct.hpp"
#include "elementwise.hpp"
#include "products/deep.hpp"
#include "products/multiply.hpp"
#include "reductions/column_sums.hpp"

namespace weft::cuda_backend {

/// How a convolution is done, by its sizes alone.
enum class convolution_way { tiles, direct, deep };
struct convolution_plan {
    product_plan product;
    convolution_way way = convolution_way::tiles;
};

/// Rows and columns of the tiles of deep products: of one row, as of depthwise convolutions, or of several.
inline constexpr int single_columns = 16, few_rows = 8, few_columns = 8;

template <class T>
constexpr convolution_plan plan_of_weights(const convolution_sizes& s, std::int64_t batch) {
    const std::int64_t rows = s.filters, columns = std::int64_t(s.channels) * s.taps;
    convolution_plan p{plan_product<T>(s.g.groups, rows, columns, batch * s.plane_out)};
    product_sizes& sizes = p.product.sizes;
    const bool flat = p.product.kind == tile_kind::flat;
    // A deep product reads four numbers where a tile reads one, but fits small sizes closely.
    const std::int64_t tile = flat ? pieces(rows, 32) * 32 * pieces(columns, 128) * 128
                                   : pieces(rows, 64) * 64 * pieces(columns, 64) * 64;
    const std::int64_t few = pieces(rows, few_rows) * few_rows * pieces(columns, few_columns) * few_columns;
    if (3 * few >= tile) return p;
    p.way = convolution_way::deep;
    const std::int64_t tiles =
        s.g.groups *
        (rows == 1 ? pieces(columns, single_columns) : pieces(rows, few_rows) * pieces(columns, few_columns));
    split_depth(sizes, tiles, 256, 1024);
    return p;
}

template <class T>
constexpr convolution_plan plan_of_images(const convolution_sizes& s, bool backward, std::int64_t batch) {
    const std::int64_t rows = backward ? s.channels : s.filters,
                       columns = batch * (backward ? s.plane_in : s.plane_out),
                       depth = std::int64_t(backward ? s.filters : s.channels) * s.taps;
    convolution_plan p{plan_product<T>(s.g.groups, rows, columns, depth)};
    // The direct kernel does not cut the depth: it needs enough pixels, or little to do for each.
    if (rows <= few_rows && s.taps <= 512 && (depth <= 512 || columns * s.g.groups >= (1 << 16))) {
        p.way = convolution_way::direct;
        p.product.sizes.splits = 1;
    }
    return p;
}
template <class T>
constexpr convolution_plan plan_of_convolution(const graph::conv2d& p, std::int64_t batch) {
    return plan_of_images<T>(convolution_sizes(p.g), false, batch);
}
template <class T>
constexpr convolution_plan plan_of_convolution(const graph::conv2d_data& p, std::int64_t batch) {
    return plan_of_images<T>(convolution_sizes(p.g), true, batch);
}
template <class T>
constexpr convolution_plan plan_of_convolution(const graph::conv2d_weights& p, std::int64_t batch) {
    return plan_of_weights<T>(convolution_sizes(p.g), batch);
}

/// conv2d_weights.
template <class Device, class T, class Factor>
void convolution_weights(const Device& device, const convolution_plan& p, const convolution_sizes& s,
                         const Factor* images, const Factor* gradients, const product_outputs<T, T>& to) {
    const std::int64_t plane = s.plane_out;
    const folded_lines<Factor> dy(gradients, plane, s.plane_out, s.g.filters * plane, s.filters * plane,
                                  s.filters);
    const tap_lines<Factor> x(s, images);
    const product_sizes& sizes = p.product.sizes;
    const matrix_result<T> place(sizes.rows, sizes.columns);
    if (p.way == convolution_way::tiles)
        multiply(device, p.product, dy, x, place, no_tail{}, to);
    else if (sizes.rows == 1)
        multiply_tiles<deep_shape<1, single_columns>>(device, sizes, dy, x, place, no_tail{}, to);
    else
        multiply_tiles<deep_shape<few_rows, few_columns>>(device, sizes, dy, x, place, no_tail{}, to);
}

/// conv2d or conv2d_data with weights seen as the rows of a product.
template <bool Backward, class Device, class T, class Factor, class A, class Tail, class Out>
void convolution_images(const Device& device, const convolution_plan& p, const convolution_sizes& s,
                        const A& w, const Factor* images, const Tail& tail,
                        const product_outputs<T, Out>& to) {
    using result = image_result<T>;
    const product_sizes& sizes = p.product.sizes;
    const image_taps<Factor, Backward> taps(s, images, sizes.columns);
    const result place(Backward ? s.plane_in : s.plane_out, sizes.rows, sizes.count);
    if (p.way == convolution_way::tiles) return multiply(device, p.product, w, taps, place, tail, to);
    const int planes = Backward ? s.filters : s.channels;
    const auto launch = [&]<int Rows, int Pixels>() {
        using kernel = direct_convolution<T, Backward, Rows, Pixels, A, result, Tail, Out>;
        const std::int64_t blocks = pieces(sizes.columns, kernel::columns_of_block);
        device.launch(blocks * sizes.count, kernel{w, taps, place, tail, to.out, sizes.rows, sizes.columns,
                                                   planes, s.g.kernel_h, s.g.kernel_w, int(blocks)});
    };
    if (sizes.rows == 1)
        launch.template operator()<1, 4>();
    else
        launch.template operator()<few_rows, 2>();
}

/// What convolutions share: a device's library does them where it has one, and that is the faster way.
template <class Convolution, bool Weights>
struct convolution_kernel {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto own = [&] { run_own<Chain>(device, n, a, scratch); };
        if constexpr (requires {
                          device.template library_convolution<Convolution, Chain>(n, a, scratch, own);
                      })
            if (device.template library_convolution<Convolution, Chain>(n, a, scratch, own)) return;
        own();
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, int capacity) {
        const auto p = n.as<Convolution>();
        const convolution_sizes s(p.g);
        const std::int64_t pixels = std::max(s.plane_in, s.plane_out);
        std::size_t most = 0;
        for (int batch = 1; batch <= capacity && fits_kernels(batch * pixels); ++batch)
            most = std::max(most, parts_scratch(plan_of_convolution<T>(p, batch).product.sizes, Weights));
        if (Weights)  // a library leaves the bias to a sum of its own
            most = std::max(most,
                            std::size_t(std::max(many_blocks, column_scratch({1, capacity, s.g.filters}))));
        return most;
    }
    /// By weft's kernels.
    template <class Chain, class Device, class T>
    static void run_own(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<Convolution>();
        const convolution_sizes s(p.g);
        const std::int64_t pixels = std::int64_t(a.batch) * std::max(s.plane_in, s.plane_out);
        check_sizes(0, pixels, pixels);
        kernel<Convolution>::template convolve<Chain>(device, plan_of_convolution<T>(p, a.batch), s, n, a,
                                                      scratch);
    }
};

template <>
struct kernel<graph::conv2d> : convolution_kernel<graph::conv2d, false> {
    template <class Chain, class Device, class T>
    static void convolve(const Device& device, const convolution_plan& p, const convolution_sizes& s,
                         const graph::node& n, const arguments<T>& a, T* scratch) {
        const std::int64_t of_filter = std::int64_t(s.channels) * s.taps, of_group = of_filter * s.filters;
        convolution_images<false>(
            device, p, s,
            strided_lines<factor_type<Chain, T>, true>(input<Chain, 1>(a), of_filter, s.filters,
                                                       int(of_filter), of_group),
            input<Chain, 0>(a), chain_functor<Chain, T>(n, a),
            product_outputs<T, output_type<Chain, 0, T>>{output<Chain, 0>(a), nullptr, scratch});
    }
};

template <>
struct kernel<graph::conv2d_data> : convolution_kernel<graph::conv2d_data, false> {
    template <class Chain, class Device, class T>
    static void convolve(const Device& device, const convolution_plan& p, const convolution_sizes& s,
                         const graph::node& n, const arguments<T>& a, T* scratch) {
        const std::int64_t of_filter = std::int64_t(s.channels) * s.taps, of_group = of_filter * s.filters;
        convolution_images<true>(
            device, p, s,
            folded_lines<factor_type<Chain, T>>(input<Chain, 1>(a), s.taps, s.taps, of_filter, of_group,
                                                s.channels),
            input<Chain, 0>(a), chain_functor<Chain, T>(n, a),
            product_outputs<T, output_type<Chain, 0, T>>{output<Chain, 0>(a), nullptr, scratch});
    }
};

template <>
struct kernel<graph::conv2d_weights> : convolution_kernel<graph::conv2d_weights, true> {
    template <class Chain, class Device, class T>
    static void convolve(const Device& device, const convolution_plan& p, const convolution_sizes& s,
                         const graph::node&, const arguments<T>& a, T* scratch) {
        convolution_weights(device, p, s, static_cast<const factor_type<Chain, T>*>(input<Chain, 0>(a)),
                            static_cast<const factor_type<Chain, T>*>(input<Chain, 1>(a)),
                            product_outputs<T, T>{output<Chain, 0>(a), output<Chain, 1>(a), scratch});
    }
};

}  // namespace weft::cuda_backend
