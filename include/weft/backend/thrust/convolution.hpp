#pragma once

#include "gathered.hpp"

namespace weft::thrust_backend {

/// A convolution as the products of a left factor, of what in[1] holds, with a right one, of what in[0] does.
template <class Convolution, template <class> class Left, template <class> class Right>
struct convolution_kernel {
    static constexpr bool of_weights = std::is_same_v<Convolution, graph::conv2d_weights>;

    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<Convolution>();
        const convolution_sizes s(p.g);
        const Left<T> left{s, a.in[1]};
        const Right<T> right{s, a.in[0]};
        const auto sizes = gathered_sizes::of(p, a.batch);
        if constexpr (System::has_matrix_library) {
            multiply_gathered(on, sizes, left, right, a.out[0], scratch);
            if constexpr (!of_weights) finish<Chain>(on, n, a);
        } else {
            const auto multiply_before = [&](const auto& tail) {
                multiply(on, left, right, tail, a.out[0], sizes.count, sizes.rows, sizes.columns,
                         sizes.depth);
            };
            if constexpr (of_weights)
                multiply_before(no_tail{});
            else
                multiply_before(chain_functor<Chain, T>(n, a));
        }
        if constexpr (of_weights) sum_filters(on, s, a);
    }
    template <class System>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch) {
        if (!System::has_matrix_library) return 0;
        return std::size_t(gathered_sizes::of(n.as<Convolution>(), batch).scratch());
    }
};

template <>
struct kernel<graph::conv2d> : convolution_kernel<graph::conv2d, filter_rows, image_taps> {};
template <>
struct kernel<graph::conv2d_data> : convolution_kernel<graph::conv2d_data, channel_rows, gradient_taps> {};
template <>
struct kernel<graph::conv2d_weights> : convolution_kernel<graph::conv2d_weights, gradient_rows, tap_columns> {
};

}  // namespace weft::thrust_backend
