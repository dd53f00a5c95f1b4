#pragma once

#include "../core/real.hpp"
#include "traversal.hpp"

namespace weft::graph {

namespace detail {

constexpr step channel_step(step_kind kind, int operand) {
    return {.kind = kind, .mode = operand_mode::channel, .operand = std::int16_t(operand)};
}

/// y = scale x + shift, per channel.
template <class Graph>
constexpr void expand_batch_norm(Graph& g, const node& n) {
    node coefficients = n;
    coefficients.op = n.attribute[4] ? opcode::batch_norm_stats : opcode::batch_norm_coeffs;
    int scale, shift;
    if (n.attribute[4]) {
        for (int i = 0; i < 4; ++i) coefficients.out[i] = n.out[i + 1];
        coefficients.out[4] = -1;
    } else {
        for (int i = 0; i < 4; ++i) coefficients.in[i] = n.in[i + 1];
        coefficients.in[4] = -1;
        for (int i = 0; i < 2; ++i)
            coefficients.out[i] = std::int16_t(g.add_value({.batched = false, .size = n.view.channels}));
    }
    scale = coefficients.out[0];
    shift = coefficients.out[1];
    g.add_node(coefficients);
    node apply = make_node(opcode::elementwise, n.in[0]);
    apply.layer = n.layer;
    apply.out[0] = n.out[0];
    apply.view = n.view;
    apply.add_step(channel_step(step_kind::multiply, scale));
    apply.add_step(channel_step(step_kind::add, shift));
    g.add_node(apply);
}

/// dx = a (b x + d + dy), per channel.
template <class Graph>
constexpr void expand_batch_norm_grad(Graph& g, const node& n) {
    node sums = n;
    sums.op = opcode::batch_norm_sums;
    sums.out[0] = n.out[1];
    sums.out[1] = n.out[2];
    for (int i = 2; i < 5; ++i)
        sums.out[i] = std::int16_t(g.add_value({.batched = false, .size = n.view.channels}));
    g.add_node(sums);
    node apply = make_node(opcode::elementwise, n.in[1]);
    apply.layer = n.layer;
    apply.out[0] = n.out[0];
    apply.view = n.view;
    apply.add_step(channel_step(step_kind::multiply, sums.out[3]));
    apply.add_step(channel_step(step_kind::add, sums.out[4]));
    apply.add_step({.kind = step_kind::add, .operand = n.in[0]});
    apply.add_step(channel_step(step_kind::multiply, sums.out[2]));
    g.add_node(apply);
}

}  // namespace detail

/// The number of operations that `expand` splits.
template <int N, int V>
constexpr int expandable(const graph<N, V>& g) {
    int count = 0;
    for (int i = 0; i < g.node_count; ++i)
        count += g.nodes[i].op == opcode::batch_norm || g.nodes[i].op == opcode::batch_norm_grad;
    return count;
}

/// Splits batch normalisation into its statistics and a scale and shift per channel, which fuse into what
/// comes before: in inference, that folds it into the preceding convolution or dense layer. `Count` is at
/// least expandable(g).
template <int Count, int N, int V>
constexpr auto expand(const graph<N, V>& g) {
    graph<N + Count, V + 3 * Count> result;
    for (int v = 0; v < g.value_count; ++v) result.add_value(g.values[v]);
    for (int i = 0; i < g.node_count; ++i) {
        if (g.nodes[i].op == opcode::batch_norm)
            detail::expand_batch_norm(result, g.nodes[i]);
        else if (g.nodes[i].op == opcode::batch_norm_grad)
            detail::expand_batch_norm_grad(result, g.nodes[i]);
        else
            result.add_node(g.nodes[i]);
    }
    return result;
}

}  // namespace weft::graph
