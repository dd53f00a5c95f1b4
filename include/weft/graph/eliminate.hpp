#pragma once

#include "traversal.hpp"

namespace weft::graph {

/// The operations and values that some result depends on.
template <int N, int V>
struct needed_parts {
    array<bool, N> nodes{};
    array<bool, V> values{};
    int node_count = 0;
};

template <int N, int V>
constexpr needed_parts<N, V> needed(const graph<N, V>& g) {
    needed_parts<N, V> result;
    for (int v = 0; v < g.value_count; ++v) result.values[v] = g.values[v].keep;
    for (int i = g.node_count - 1; i >= 0; --i) {
        const node& n = g.nodes[i];
        bool any = n.has(has_effects);
        const value_list out = writes(n);
        for (int k = 0; k < out.count; ++k) any = any || result.values[out.id[k]];
        if (!any) continue;
        result.nodes[i] = true;
        ++result.node_count;
        const value_list in = reads(n);
        for (int k = 0; k < in.count; ++k) result.values[in.id[k]] = true;
    }
    return result;
}

/// Removes operations that no result depends on, and outputs that nobody reads. The result has room for
/// `Capacity` operations.
template <int Capacity, int N, int V>
constexpr graph<Capacity, V> eliminate(const graph<N, V>& g, const needed_parts<N, V>& needed) {
    graph<Capacity, V> result;
    result.value_count = g.value_count;
    result.values = g.values;
    for (int i = 0; i < g.node_count; ++i) {
        if (!needed.nodes[i]) continue;
        result.add_node(g.nodes[i]);
        node& n = result.nodes[result.node_count - 1];
        for (int k = 1; k < max_outputs; ++k)
            if (n.out[k] >= 0 && !needed.values[n.out[k]]) n.out[k] = -1;
    }
    return result;
}
template <int N, int V>
constexpr graph<N, V> eliminate(const graph<N, V>& g) {
    return eliminate<N>(g, needed(g));
}

}  // namespace weft::graph
