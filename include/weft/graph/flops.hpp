#pragma once

#include <cstdint>

#include "record.hpp"

namespace weft::graph {

/// Products followed by a sum, per sample, of an operation that is a matrix product or a convolution; 0 for
/// all others. Taps that fall on the padding are counted.
constexpr std::int64_t multiply_adds(const node& n) {
    using enum opcode;
    const auto& a = n.attribute;
    switch (n.op) {
        case gemm:
        case gemm_data:
        case gemm_weights:
            return std::int64_t(a[0]) * a[1] * a[2];
        case conv2d:
        case conv2d_data:
        case conv2d_weights: {
            const std::int64_t h = (a[1] + 2 * a[8] - a[10] * (a[4] - 1) - 1) / a[6] + 1;
            const std::int64_t w = (a[2] + 2 * a[9] - a[11] * (a[5] - 1) - 1) / a[7] + 1;
            return h * w * a[3] * (a[0] / a[12]) * a[4] * a[5];
        }
        default:
            return 0;
    }
}

/// Floating-point operations of one operation and its steps: for each sample, and once for the whole batch.
struct flop_count {
    std::int64_t per_sample = 0, fixed = 0;
};

namespace detail {

/// Operations per element of the steps over a result.
constexpr int step_flops(const node& n) {
    int result = 0;
    for (int i = 0; i < n.step_count; ++i) {
        const step_kind k = n.steps[i].kind;
        if (k == step_kind::store || k == step_kind::fill) continue;
        const bool two =
            k == step_kind::slope_from_x || k == step_kind::slope_from_y || k == step_kind::dropout;
        result += two ? 2 : 1;
    }
    return result;
}

/// The operation itself, without its steps, per sample.
constexpr std::int64_t body_flops(const node& n) {
    using enum opcode;
    const auto& a = n.attribute;
    switch (n.op) {
        case gemm:
        case gemm_data:
        case conv2d:
        case conv2d_data:
            return 2 * multiply_adds(n);
        case gemm_weights:
            return 2 * multiply_adds(n) + (n.out[1] >= 0 ? std::int64_t(a[0]) * a[1] : 0);
        case conv2d_weights: {
            const std::int64_t taps = std::int64_t(a[0] / a[12]) * a[4] * a[5];
            return 2 * multiply_adds(n) + (n.out[1] >= 0 ? multiply_adds(n) / taps : 0);
        }
        case max_pool2d:
        case max_pool2d_grad:
        case avg_pool2d:
        case avg_pool2d_grad:
            return std::int64_t(a[0]) * a[10] * a[11] * a[3] * a[4];
        case upsample2d_grad:
            return std::int64_t(a[0]) * a[1] * a[2] * a[3] * a[4];
        case reduce:
            return std::int64_t(a[0]) * a[1] * a[2];
        case softmax:
        case log_softmax:
            return 5 * std::int64_t(a[0]) * a[1] * a[2];
        case softmax_grad:
        case log_softmax_grad:
            return 4 * std::int64_t(a[0]) * a[1] * a[2];
        case layer_norm:
            return 6 * std::int64_t(a[0]) * a[1];
        case layer_norm_grad:
            return 8 * std::int64_t(a[0]) * a[1];
        case batch_norm:
            return 2 * std::int64_t(a[0]) * a[1];
        case batch_norm_stats:
        case batch_norm_sums:
            return 4 * std::int64_t(a[0]) * a[1];
        case batch_norm_grad:
            return 8 * std::int64_t(a[0]) * a[1];
        case softmax_xent:
            return 7 * std::int64_t(a[0]);
        case pick_nll:
        case pick_nll_grad:
        case softmax_xent_grad:
            return 2 * std::int64_t(a[0]);
        default:
            return 0;
    }
}

}  // namespace detail

/// Floating-point operations: a multiply-add counts 2; each other step (an addition, an activation, a tap of
/// a pool) 1 per element, a derivative 2, and normalisations, softmax and losses a few per element.
constexpr flop_count flops_of(const node& n) {
    flop_count result{.per_sample = detail::body_flops(n)};
    const std::int64_t steps = std::int64_t(detail::step_flops(n)) * n.view.size();
    if (n.op == opcode::elementwise && n.attribute[0])
        result.fixed = steps;
    else if (n.op == opcode::batch_norm_coeffs)
        result.fixed = 5 * std::int64_t(n.attribute[0]);
    else
        result.per_sample += steps;
    return result;
}

}  // namespace weft::graph
