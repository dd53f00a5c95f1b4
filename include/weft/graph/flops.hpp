#pragma once

#include <cstdint>

#include "primitives.hpp"

namespace weft::graph {

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

}  // namespace detail

/// Floating-point operations: a multiply-add counts 2; each other step (an addition, an activation, a tap of
/// a pool) 1 per element, a derivative 2, and normalisations, softmax and losses a few per element. `facts`
/// are those of the program's primitives (program::facts).
constexpr flop_count flops_of(const node& n, const primitive_facts* facts) {
    const std::int64_t all = facts[int(n.op)].flops(n) + std::int64_t(detail::step_flops(n)) * n.view.size();
    return n.once ? flop_count{.fixed = all} : flop_count{.per_sample = all};
}

/// Products followed by a sum, per sample, of an operation that is a matrix product or a convolution; 0 for
/// all others.
constexpr std::int64_t multiply_adds(const node& n, const primitive_facts* facts) {
    return facts[int(n.op)].multiply_adds(n);
}

}  // namespace weft::graph
