#pragma once

#include "../primitives/convolution.hpp"
#include "../primitives/reduce.hpp"
#include "../traversal.hpp"

namespace weft::graph {

namespace detail {

/// Is `r` the sum of the rows that the weight gradient `w` reads?
constexpr bool sums_rows_of(const node& r, const node& w) {
    if (!r.is<reduce>() || w.in[1] != r.in[0]) return false;
    const auto sum = r.as<reduce>();
    if (sum.over() != operand_mode::channel || sum.per_batch || sum.divisor != 1) return false;
    return sum.view ==
           (w.is<gemm_weights>() ? w.as<gemm_weights>().bias_view() : w.as<conv2d_weights>().bias_view());
}
/// Is it the gradient of weights, which can sum a bias's along the way?
constexpr bool sums_bias(const node& n) { return n.is<gemm_weights>() || n.is<conv2d_weights>(); }

}  // namespace detail

/// The gradient of a bias into the gradient of the weights, which reads the same rows.
template <int N, int V>
constexpr graph<N, V> fuse_bias_gradient(const graph<N, V>& g) {
    graph<N, V> result = g;
    array<std::int16_t, V> reader{};  // the weight gradient that reads a value as dy, plus 1
    for (int i = 0; i < g.node_count; ++i)
        if (detail::sums_bias(g.nodes[i])) reader[g.nodes[i].in[1]] = std::int16_t(i + 1);
    result.node_count = 0;
    array<std::int16_t, N> bias{};
    for (int i = 0; i < g.node_count; ++i) {
        const node& r = g.nodes[i];
        if (!r.is<reduce>() || !reader[r.in[0]]) continue;
        const int w = reader[r.in[0]] - 1;
        bool read_before = false;  // the sum moves to w: nobody may read it earlier
        for (int j = i + 1; j < w; ++j) read_before = read_before || reads(g.nodes[j]).contains(r.out[0]);
        if (!bias[w] && !read_before && detail::sums_rows_of(r, g.nodes[w])) bias[w] = std::int16_t(i + 1);
    }
    for (int i = 0; i < g.node_count; ++i) {
        node n = g.nodes[i];
        bool taken = false;
        if (n.is<reduce>() && reader[n.in[0]]) taken = bias[reader[n.in[0]] - 1] == i + 1;
        if (taken) continue;
        if (bias[i]) n.out[1] = g.nodes[bias[i] - 1].out[0];
        result.add_node(n);
    }
    return result;
}

}  // namespace weft::graph
