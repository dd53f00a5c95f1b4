#pragma once

#include "../traversal.hpp"

namespace weft::graph {

/// log_softmax, then the log-probability of the target, as one operation that keeps the probabilities, from
/// which the gradient is a subtraction. Runs before differentiation.
template <int N, int V>
constexpr auto fuse_softmax_cross_entropy(const graph<N, V>& g) {
    auto result = resized<N, V + N / 2 + 1>(g);  // each of these pairs is two operations
    for (int i = 0; i < g.node_count; ++i) {
        node& pick = result.nodes[i];
        if (pick.op != opcode::pick_nll) continue;
        for (int k = i - 1; k >= 0; --k) {
            const node& log = result.nodes[k];
            if (log.out[0] != pick.in[0]) continue;
            if (log.op != opcode::log_softmax || log.attribute[0] != 1 || log.attribute[2] != 1) break;
            pick.op = opcode::softmax_xent;
            pick.in[0] = log.in[0];
            pick.out[2] = std::int16_t(result.add_value({.size = log.attribute[1]}));
            break;
        }
    }
    return result;
}

}  // namespace weft::graph
