#pragma once

#include "traversal.hpp"

namespace weft {

/// How a program holds its numbers.
enum class precision {
    full,   ///< all in the policy's scalar
    mixed,  ///< most in 16 bits (see narrowed), sums in the scalar
    scaled  ///< so, and gradients are scaled by a number in memory: for float16, whose range is small
};

namespace graph {

namespace detail {

constexpr bool is_product(opcode op) {
    using enum opcode;
    return op == gemm || op == gemm_data || op == gemm_weights || op == conv2d || op == conv2d_data ||
           op == conv2d_weights;
}

}  // namespace detail

/// Chooses the values that mixed precision holds in 16 bits: what layers compute for each sample, its
/// gradients, and both factors of all products. All else stays wide: results, what a loss computes,
/// statistics, the gradients of parameters, and numbers of which a sample has one. A bias is as wide as what
/// it is added to, as libraries of products ask. (Runs before steps are fused, where each value has an
/// operation.)
template <int N, int V>
constexpr graph<N, V> narrowed(graph<N, V> g) {
    std::array<bool, V> product{};
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        product[n.out[0]] = n.op == opcode::gemm || n.op == opcode::conv2d;
        for (int k = 0; k < max_outputs; ++k) {
            if (n.out[k] < 0) continue;
            value& v = g.values[n.out[k]];
            const bool statistic = n.op == opcode::layer_norm && k == 1;
            v.narrow =
                v.where == storage::arena && v.batched && v.size > 1 && !v.keep && n.layer > 0 && !statistic;
        }
    }
    for (int i = 0; i < g.node_count; ++i)
        for (int k = 0; k < 2 && detail::is_product(g.nodes[i].op); ++k) {
            value& v = g.values[g.nodes[i].in[k]];
            if (v.where != storage::arena && v.where != storage::input && v.where != storage::parameter)
                weft::detail::stop_compilation(
                    "weft: mixed precision multiplies results, inputs and parameters");
            v.narrow = true;
        }
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        if (n.op != opcode::elementwise || n.in[0] < 0 || !product[n.in[0]] || n.step_count != 1) continue;
        const step& s = n.steps[0];
        if (s.kind == step_kind::add && s.mode == operand_mode::channel &&
            g.values[s.operand].where == storage::parameter)
            g.values[s.operand].narrow = g.values[n.out[0]].narrow;
    }
    return g;
}

/// Notes in each operation which of its values are narrow.
template <int N, int V>
constexpr graph<N, V> with_widths(graph<N, V> g) {
    const auto narrow = [&g](int v) { return v >= 0 && g.values[v].narrow; };
    for (int i = 0; i < g.node_count; ++i) {
        node& n = g.nodes[i];
        for (int k = 0; k < max_inputs; ++k) n.narrow_in |= std::uint8_t(narrow(n.in[k]) << k);
        for (int k = 0; k < max_outputs; ++k) n.narrow_out |= std::uint8_t(narrow(n.out[k]) << k);
        for (int k = 0; k < n.step_count; ++k)
            n.narrow_operands |= std::uint16_t(narrow(n.steps[k].operand) << k);
    }
    return g;
}

/// The room that a value takes, in numbers that are not narrow.
constexpr std::int32_t room_of(const value& v) { return v.narrow ? (v.size + 1) / 2 : v.size; }

/// Is a value of this kind narrow?
template <int N, int V>
constexpr bool has_narrow(const graph<N, V>& g, storage where) {
    for (int v = 0; v < g.value_count; ++v)
        if (g.values[v].narrow && g.values[v].where == where) return true;
    return false;
}

}  // namespace graph
}  // namespace weft
