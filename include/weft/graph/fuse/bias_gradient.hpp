#pragma once

#include "../../core/real.hpp"
#include "../traversal.hpp"

namespace weft::graph {

namespace detail {

/// Is `r` the sum of the rows that the weight gradient `w` reads?
constexpr bool sums_rows_of(const node& r, const node& w) {
    if (r.op != opcode::reduce || operand_mode(r.attribute[3]) != operand_mode::channel || r.attribute[5] ||
        from_bits(r.attribute[4]) != 1 || w.in[1] != r.in[0])
        return false;
    if (w.op == opcode::gemm_weights)
        return r.attribute[0] == w.attribute[0] && r.attribute[1] == w.attribute[1] && r.attribute[2] == 1;
    return w.op == opcode::conv2d_weights && r.attribute[0] == 1 && r.attribute[1] == w.attribute[3];
}

}  // namespace detail

/// The gradient of a bias into the gradient of the weights, which reads the same rows.
template <int N, int V>
constexpr graph<N, V> fuse_bias_gradient(const graph<N, V>& g) {
    graph<N, V> result = g;
    std::array<std::int16_t, V> reader{};  // the weight gradient that reads a value as dy, plus 1
    for (int i = 0; i < g.node_count; ++i)
        if (g.nodes[i].op == opcode::gemm_weights || g.nodes[i].op == opcode::conv2d_weights)
            reader[g.nodes[i].in[1]] = std::int16_t(i + 1);
    result.node_count = 0;
    std::array<std::int16_t, N> bias{};
    for (int i = 0; i < g.node_count; ++i) {
        const node& r = g.nodes[i];
        if (r.op != opcode::reduce || !reader[r.in[0]]) continue;
        const int w = reader[r.in[0]] - 1;
        bool read_before = false;  // the sum moves to w: nobody may read it earlier
        for (int j = i + 1; j < w; ++j) read_before = read_before || reads(g.nodes[j]).contains(r.out[0]);
        if (!bias[w] && !read_before && detail::sums_rows_of(r, g.nodes[w])) bias[w] = std::int16_t(i + 1);
    }
    for (int i = 0; i < g.node_count; ++i) {
        node n = g.nodes[i];
        bool taken = false;
        if (n.op == opcode::reduce && reader[n.in[0]]) taken = bias[reader[n.in[0]] - 1] == i + 1;
        if (taken) continue;
        if (bias[i]) n.out[1] = g.nodes[bias[i] - 1].out[0];
        result.add_node(n);
    }
    return result;
}

}  // namespace weft::graph
