#pragma once

#include <array>

#include "../../../graph/primitives/products.hpp"
#include "../../../graph/traversal.hpp"

namespace weft::cuda_backend {

using graph::node;

/// The bits of a row of a mask: what cuBLASLt asks for.
constexpr std::int64_t mask_row(std::int64_t features) { return (features + 127) / 128 * 128; }

namespace detail {

/// What relu leaves at the beginning of a product's steps, (bias) (relu), or -1.
constexpr int relu_of_product(const node& n) {
    if (!n.is<graph::gemm>()) return -1;
    int s = 0;
    if (n.step_count > 0 && n.steps[0].kind == graph::step_kind::add &&
        n.steps[0].mode == graph::operand_mode::channel)
        ++s;
    if (s == n.step_count || n.steps[s].kind != graph::step_kind::apply ||
        n.steps[s].fn != graph::function::relu)
        return -1;
    if (++s == n.step_count) return n.out[0];
    return n.steps[s].kind == graph::step_kind::store ? n.steps[s].operand : -1;
}
/// The result of relu by whose slope a product of gradients is multiplied first, or -1.
constexpr int slope_of_product(const node& n) {
    if (!n.is<graph::gemm_data>() || n.step_count == 0) return -1;
    const graph::step& s = n.steps[0];
    const bool is_slope = s.kind == graph::step_kind::slope_from_y && s.fn == graph::function::relu &&
                          s.mode == graph::operand_mode::same;
    return is_slope ? s.operand : -1;
}

}  // namespace detail

/// The values of which a mask can be kept: a product ends in their relu, and another multiplies by its slope.
template <int V>
struct masked_values {
    std::array<bool, V> is{};
    int count = 0;
};
template <int N, int V>
constexpr masked_values<V> find_relu_masks(const graph::graph<N, V>& g) {
    std::array<bool, V> wanted{};
    for (int i = 0; i < g.node_count; ++i)
        if (const int y = detail::slope_of_product(g.nodes[i]); y >= 0) wanted[y] = true;
    masked_values<V> result;
    for (int i = 0; i < g.node_count; ++i)
        if (const int y = detail::relu_of_product(g.nodes[i]); y >= 0 && wanted[y]) {
            result.is[y] = true;
            ++result.count;
        }
    return result;
}

/// Gives each of them a mask: a value of a bit for each number, which the product of relu may write (out[1])
/// and those of its slope may read then (in[2]) instead of relu's result. (Runs after fusion.)
template <int Count, int N, int V>
constexpr graph::graph<N, V + Count> with_relu_masks(const graph::graph<N, V>& g,
                                                     const masked_values<V>& masked) {
    graph::graph<N, V + Count> result = graph::resized<N, V + Count>(g);
    std::array<std::int16_t, V> mask{};
    for (int i = 0; i < g.node_count; ++i) {
        node& n = result.nodes[i];
        if (const int y = detail::relu_of_product(n); y >= 0 && masked.is[y])
            n.out[1] = mask[y] = result.add_value(
                {.size = std::int32_t(n.as<graph::gemm>().rows * mask_row(n.as<graph::gemm>().outs) / 32)});
        if (const int y = detail::slope_of_product(n); y >= 0 && masked.is[y]) n.in[2] = mask[y];
    }
    return result;
}

/// The pass that a policy brings, if its device has a library that keeps such masks. (The last one: records
/// may have an output and an input more than their primitives say.)
template <bool Kept>
struct relu_mask_passes {
    static constexpr bool applies(bool training) { return Kept && training; }

    template <class Finished>
    static constexpr auto rewrite() {
        constexpr auto masked = find_relu_masks(Finished::value);
        return with_relu_masks<masked.count>(Finished::value, masked);
    }
};

}  // namespace weft::cuda_backend
