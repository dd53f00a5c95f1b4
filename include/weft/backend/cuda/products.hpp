#pragma once

#include <algorithm>

#include "elementwise.hpp"
#include "products/multiply.hpp"
#include "reduce.hpp"

namespace weft::cuda_backend {

/// How a product is cut.
template <class T>
constexpr product_plan plan_of_product(const graph::gemm& p, std::int64_t batch) {
    return plan_product<T>(1, batch * p.rows, p.outs, p.depth);
}
template <class T>
constexpr product_plan plan_of_product(const graph::gemm_data& p, std::int64_t batch) {
    return plan_product<T>(1, batch * p.rows, p.depth, p.outs);
}
template <class T>
constexpr product_plan plan_of_product(const graph::gemm_weights& p, std::int64_t batch) {
    return plan_product<T>(1, p.outs, p.depth, batch * p.rows);
}

/// What products share: a device's library does them where it has a way, and scratch memory is for the parts
/// of a cut depth.
template <class Product, bool Weights>
struct product_kernel {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        if constexpr (requires { device.template library_product<Product, Chain>(n, a, scratch); })
            if (device.template library_product<Product, Chain>(n, a, scratch)) return;
        const auto p = n.as<Product>();
        const std::int64_t rows = std::int64_t(a.batch) * p.rows;
        check_sizes(rows, std::max(p.outs, p.depth), rows);
        kernel<Product>::template multiply<Chain>(device, p, int(rows), n, a, scratch);
    }
    /// (A smaller batch may need more than a larger one, of which fewer parts are made.)
    template <class T>
    static std::size_t scratch(const graph::node& n, int capacity) {
        const auto p = n.as<Product>();
        std::size_t most = 0;
        for (int batch = 1; batch <= capacity && fits_kernels(std::int64_t(batch) * p.rows); ++batch)
            most = std::max(most, parts_scratch(plan_of_product<T>(p, batch).sizes, Weights));
        if (Weights)  // a library may leave the bias to a sum of its own
            most = std::max(most, std::size_t(column_scratch({1, std::int64_t(capacity) * p.rows, p.outs})));
        return most;
    }
};

template <>
struct kernel<graph::gemm> : product_kernel<graph::gemm, false> {
    template <class Chain, class Device, class T>
    static void multiply(const Device& device, const graph::gemm& p, int rows, const graph::node& n,
                         const arguments<T>& a, T* scratch) {
        using along = strided_lines<factor_type<Chain, T>, true>;
        cuda_backend::multiply(
            device, plan_of_product<T>(p, a.batch), along(input<Chain, 0>(a), p.depth, rows, p.depth),
            along(input<Chain, 1>(a), p.depth, p.outs, p.depth), matrix_result<T>(rows, p.outs),
            chain_functor<Chain, T>(n, a),
            product_outputs<T, output_type<Chain, 0, T>>{output<Chain, 0>(a), nullptr, scratch});
    }
};

template <>
struct kernel<graph::gemm_data> : product_kernel<graph::gemm_data, false> {
    template <class Chain, class Device, class T>
    static void multiply(const Device& device, const graph::gemm_data& p, int rows, const graph::node& n,
                         const arguments<T>& a, T* scratch) {
        using along = strided_lines<factor_type<Chain, T>, true>;
        using across = strided_lines<factor_type<Chain, T>, false>;
        cuda_backend::multiply(
            device, plan_of_product<T>(p, a.batch), along(input<Chain, 0>(a), p.outs, rows, p.outs),
            across(input<Chain, 1>(a), p.depth, p.depth, p.outs), matrix_result<T>(rows, p.depth),
            chain_functor<Chain, T>(n, a),
            product_outputs<T, output_type<Chain, 0, T>>{output<Chain, 0>(a), nullptr, scratch});
    }
};

template <>
struct kernel<graph::gemm_weights> : product_kernel<graph::gemm_weights, true> {
    template <class Chain, class Device, class T>
    static void multiply(const Device& device, const graph::gemm_weights& p, int rows, const graph::node&,
                         const arguments<T>& a, T* scratch) {
        using across = strided_lines<factor_type<Chain, T>, false>;
        cuda_backend::multiply(
            device, plan_of_product<T>(p, a.batch), across(input<Chain, 1>(a), p.outs, p.outs, rows),
            across(input<Chain, 0>(a), p.depth, p.depth, rows), matrix_result<T>(p.outs, p.depth), no_tail{},
            product_outputs<T, T>{output<Chain, 0>(a), output<Chain, 1>(a), scratch});
    }
};

}  // namespace weft::cuda_backend
