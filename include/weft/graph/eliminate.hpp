#pragma once

#include "traversal.hpp"

namespace weft::graph {

/// Removes operations that no result depends on, and outputs that nobody reads.
template <int N, int V>
constexpr graph<N, V> eliminate(const graph<N, V>& g) {
    std::array<bool, V> live{};
    std::array<bool, N> needed{};
    for (int v = 0; v < g.value_count; ++v) live[v] = g.values[v].keep;
    for (int i = g.node_count - 1; i >= 0; --i) {
        const node& n = g.nodes[i];
        bool any = has_effects(n);
        const value_list out = writes(n);
        for (int k = 0; k < out.count; ++k) any = any || live[out.id[k]];
        needed[i] = any;
        if (!any) continue;
        const value_list in = reads(n);
        for (int k = 0; k < in.count; ++k) live[in.id[k]] = true;
    }
    graph<N, V> result;
    for (int v = 0; v < g.value_count; ++v) result.add_value(g.values[v]);
    for (int i = 0; i < g.node_count; ++i) {
        if (!needed[i]) continue;
        node n = g.nodes[i];
        for (int k = 1; k < max_outputs; ++k)
            if (n.out[k] >= 0 && !live[n.out[k]]) n.out[k] = -1;
        result.add_node(n);
    }
    return result;
}

}  // namespace weft::graph
