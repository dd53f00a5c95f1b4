#pragma once

#include "primitives.hpp"

namespace weft::graph {

/// How a primitive becomes several operations, if it does.
struct expansion {
    void (*expand)(graph_writer&, const node&) = nullptr;
    int operations = 1, values = 0;
};

template <class P>
inline constexpr expansion expansion_of{};
template <class P>
requires(P::expanded_operations > 0) inline constexpr expansion expansion_of<P>{
    &P::expand, P::expanded_operations, P::expanded_values};
struct expansions {
    using type = expansion;
    template <class P>
    static constexpr type of = expansion_of<P>;
};

/// The operations and values that `expand` adds.
struct expanded_size {
    int operations = 0, values = 0;
};
template <class Own = primitive_list<>, int N, int V>
constexpr expanded_size expandable(const graph<N, V>& g, Own = {}) {
    expanded_size added;
    for (int i = 0; i < g.node_count; ++i) {
        if (!g.nodes[i].has(expands)) continue;
        const expansion e = table_of<expansions, Own>[g.nodes[i].op];
        added.operations += e.operations - 1;
        added.values += e.values;
    }
    return added;
}

/// Splits operations that have an `expand`: batch normalisation, for one, into its statistics and a scale and
/// shift per channel, which fuse into what comes before. The counts are at least expandable(g)'s.
template <int Operations, int Values, class Own = primitive_list<>, int N, int V>
constexpr auto expand(const graph<N, V>& g, Own = {}) {
    graph<N + Operations, V + Values> result;
    for (int v = 0; v < g.value_count; ++v) result.add_value(g.values[v]);
    graph_writer writer = result.writer();
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        if (n.has(expands))
            table_of<expansions, Own>[n.op].expand(writer, n);
        else
            writer.add_node(n);
    }
    return result;
}

}  // namespace weft::graph
