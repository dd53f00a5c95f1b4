#pragma once

#include <algorithm>

#include "elementwise.hpp"
#include "products/multiply.hpp"
#include "reduce.hpp"

namespace weft::cuda_backend {

/// The plan of gemm, gemm_data or gemm_weights.
template <class T>
constexpr product_plan plan_of_product(const graph::node& n, std::int64_t batch) {
    const std::int64_t rows = batch * n.attribute[0], outs = n.attribute[1], depth = n.attribute[2];
    if (n.op == graph::opcode::gemm_weights) return plan_product<T>(1, outs, depth, rows);
    if (n.op == graph::opcode::gemm_data) return plan_product<T>(1, rows, depth, outs);
    return plan_product<T>(1, rows, outs, depth);
}

/// The scratch that `products` needs for batches up to a capacity, in numbers. (A smaller batch may need more
/// than a larger one, of which fewer parts are made.)
template <class T>
std::size_t product_scratch(const graph::node& n, int capacity) {
    std::size_t most = 0;
    for (int batch = 1; batch <= capacity && fits_kernels(std::int64_t(batch) * n.attribute[0]); ++batch)
        most = std::max(
            most, parts_scratch(plan_of_product<T>(n, batch).sizes, n.op == graph::opcode::gemm_weights));
    if (n.op == graph::opcode::gemm_weights)  // a library may leave the bias to a sum of its own
        most = std::max(
            most, std::size_t(column_scratch({1, std::int64_t(capacity) * n.attribute[0], n.attribute[1]})));
    return most;
}

/// gemm, gemm_data and gemm_weights with what follows: by the device's library where it has one.
template <graph::opcode Op, class Chain, class Device, class T>
void products(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
    if constexpr (requires { device.template library_product<Op, Chain>(n, a, scratch); })
        if (device.template library_product<Op, Chain>(n, a, scratch)) return;
    const std::int64_t rows = std::int64_t(a.batch) * n.attribute[0];
    const int outs = n.attribute[1], depth = n.attribute[2];
    check_sizes(rows, std::max(outs, depth), rows);
    const product_plan plan = plan_of_product<T>(n, a.batch);
    using factor = factor_type<Chain, T>;
    using along = strided_lines<factor, true>;
    using across = strided_lines<factor, false>;
    const factor *const left = input<Chain, 0>(a), *const right = input<Chain, 1>(a);
    if constexpr (Op == graph::opcode::gemm_weights) {
        multiply(device, plan, across(right, outs, outs, int(rows)), across(left, depth, depth, int(rows)),
                 matrix_result<T>(outs, depth), no_tail{},
                 product_outputs<T, T>{output<Chain, 0>(a), output<Chain, 1>(a), scratch});
    } else {
        const chain_functor<Chain, T> tail(n, a);
        const product_outputs<T, output_type<Chain, 0, T>> to{output<Chain, 0>(a), nullptr, scratch};
        if constexpr (Op == graph::opcode::gemm)
            multiply(device, plan, along(left, depth, int(rows), depth), along(right, depth, outs, depth),
                     matrix_result<T>(rows, outs), tail, to);
        else
            multiply(device, plan, along(left, outs, int(rows), outs), across(right, depth, depth, outs),
                     matrix_result<T>(rows, depth), tail, to);
    }
}

}  // namespace weft::cuda_backend
