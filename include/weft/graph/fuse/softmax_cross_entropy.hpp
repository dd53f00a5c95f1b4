#pragma once

#include "../primitives/cross_entropy.hpp"
#include "../primitives/softmax.hpp"
#include "../traversal.hpp"

namespace weft::graph {

/// log_softmax, then the log-probability of the target, as one operation that keeps the probabilities, from
/// which the gradient is a subtraction. Runs before differentiation.
template <int N, int V>
constexpr auto fuse_softmax_cross_entropy(const graph<N, V>& g) {
    auto result = resized<N, V + N / 2 + 1>(g);  // each of these pairs is two operations
    for (int i = 0; i < g.node_count; ++i) {
        node& pick = result.nodes[i];
        if (!pick.is<pick_nll>()) continue;
        for (int k = i - 1; k >= 0; --k) {
            const node& log = result.nodes[k];
            if (log.out[0] != pick.in[0]) continue;
            const auto over = log.as<log_softmax>();
            if (!log.is<log_softmax>() || over.outer != 1 || over.inner != 1) break;
            const node split = pick;
            pick = make_node(softmax_xent{split.as<class_loss>()}, log.in[0], split.in[1], split.in[2]);
            pick.layer = split.layer;
            pick.view = split.view;
            for (int o = 0; o < pick_nll::outputs; ++o) pick.out[o] = split.out[o];
            result.writer().add_outputs(pick, pick.as<softmax_xent>(), pick_nll::outputs);
            break;
        }
    }
    return result;
}

}  // namespace weft::graph
