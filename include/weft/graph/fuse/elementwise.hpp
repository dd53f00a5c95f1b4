#pragma once

#include "../primitives/elementwise.hpp"
#include "../traversal.hpp"

namespace weft::graph {

namespace detail {

/// Does the mode depend on how the elements are grouped into outer, channels and inner?
constexpr bool grouped(operand_mode m) {
    return m != operand_mode::same && m != operand_mode::fixed && m != operand_mode::sample_scalar &&
           m != operand_mode::scalar;
}
constexpr bool cares_about_view(const node& n) {
    if (n.is<elementwise>() && grouped(n.source_mode)) return true;
    for (int i = 0; i < n.step_count; ++i)
        if (grouped(n.steps[i].mode)) return true;
    return false;
}
constexpr bool views_agree(const node& a, const node& b) {
    return a.view == b.view || !cares_about_view(a) || !cares_about_view(b);
}
constexpr bool commutes(step_kind k) { return k == step_kind::add || k == step_kind::multiply; }

template <class Graph>
struct chain_fuser {
    Graph g;
    array<bool, Graph::node_capacity> gone{};
    array<std::int16_t, Graph::value_capacity> producer{};   // the operation that writes a value, or -1
    array<std::int16_t, Graph::value_capacity> first_use{};  // and the first that reads it, or a large number
    array<std::int16_t, Graph::value_capacity> second_use{};
    array<std::int16_t, Graph::value_capacity> use_count{};
    static constexpr std::int16_t never = 32767;

    constexpr explicit chain_fuser(const Graph& graph) : g(graph) {
        for (int v = 0; v < g.value_count; ++v) producer[v] = -1, first_use[v] = second_use[v] = never;
        for (int i = 0; i < g.node_count; ++i) {
            const value_list in = reads(g.nodes[i]), out = writes(g.nodes[i]);
            for (int k = 0; k < in.count; ++k) {
                ++use_count[in.id[k]];
                auto &first = first_use[in.id[k]], &second = second_use[in.id[k]];
                if (first == never)
                    first = std::int16_t(i);
                else if (second == never && first != i)
                    second = std::int16_t(i);
            }
            for (int k = 0; k < out.count; ++k) producer[out.id[k]] = std::int16_t(i);
        }
    }

    /// An operand that is only a repetition of something smaller is read as that.
    constexpr void absorb_broadcasts(node& n) {
        for (int s = 0; s < n.step_count; ++s) {
            step& t = n.steps[s];
            if (t.operand < 0 || t.mode != operand_mode::same || t.kind == step_kind::store) continue;
            const int p = producer[t.operand];
            if (p < 0) continue;
            const node& source = g.nodes[p];
            if (!source.is<elementwise>() || source.step_count || source.source_mode == operand_mode::same)
                continue;
            if (grouped(source.source_mode) && cares_about_view(n) && !(n.view == source.view)) continue;
            --use_count[t.operand];
            ++use_count[source.in[0]];
            if (grouped(source.source_mode)) n.view = source.view;
            t.mode = source.source_mode;
            t.operand = source.in[0];
        }
    }

    /// May node i's steps run at the end of the operation that produces v?
    constexpr int host_of(int v, int i) const {
        const int p = v < 0 ? -1 : producer[v];
        if (p < 0) return -1;
        const node &host = g.nodes[p], &n = g.nodes[i];
        if (!host.has(takes_steps) || host.out[0] != v || g.values[v].where != storage::arena) return -1;
        if (host.once != n.once) return -1;
        const bool stored = use_count[v] > 1 || g.values[v].keep;
        if (host.step_count + n.step_count + stored > max_steps || !views_agree(host, n)) return -1;
        const value_list out = writes(host);  // the host moves to i: nobody may read its results before
        for (int k = 0; k < out.count; ++k)
            if (first_use[out.id[k]] < i) return -1;
        return p;
    }

    constexpr void merge(int p, int i) {
        node merged = g.nodes[p];
        const node n = g.nodes[i];
        const int v = merged.out[0];
        if (cares_about_view(n)) merged.view = n.view;
        if (use_count[v] > 1 || g.values[v].keep)
            merged.add_step({.kind = step_kind::store, .operand = std::int16_t(v)});
        for (int s = 0; s < n.step_count; ++s) merged.add_step(n.steps[s]);
        --use_count[v];
        merged.out[0] = n.out[0];
        merged.layer = g.nodes[p].layer;
        g.nodes[i] = merged;
        gone[p] = true;
        const value_list out = writes(merged), in = reads(merged);
        for (int k = 0; k < out.count; ++k) producer[out.id[k]] = std::int16_t(i);
        for (int k = 0; k < in.count; ++k)
            if (first_use[in.id[k]] == p) first_use[in.id[k]] = next_use(in.id[k], p + 1, i);
        // What is stored on the way is read by others from the second reader on; third ones are not looked
        // for.
        first_use[v] = second_use[v];
    }
    constexpr std::int16_t next_use(int v, int from, int last) const {
        for (int j = from; j < last; ++j)
            if (!gone[j] && reads(g.nodes[j]).contains(v)) return std::int16_t(j);
        return std::int16_t(last);
    }

    constexpr void run() {
        for (int i = 0; i < g.node_count; ++i) {
            node& n = g.nodes[i];
            absorb_broadcasts(n);
            if (!n.is<elementwise>() || n.in[0] < 0) continue;
            int host = n.source_mode == operand_mode::same ? host_of(n.in[0], i) : -1;
            step& first = n.steps[0];
            if (n.step_count && commutes(first.kind) && first.mode == operand_mode::same &&
                first.operand != n.in[0]) {
                // a + b can end either a or b: take the later, which lives the shorter
                const int other = host_of(first.operand, i);
                const bool swap =
                    other > host || (host < 0 && n.source_mode != operand_mode::same && other >= 0);
                if (swap) {
                    const std::int16_t source = n.in[0];
                    n.in[0] = first.operand;
                    first.operand = source;
                    first.mode = n.source_mode;
                    n.source_mode = operand_mode::same;
                    host = other;
                }
            }
            if (host >= 0) merge(host, i);
        }
    }
    constexpr Graph result() const {
        Graph out = g;
        out.node_count = 0;
        for (int i = 0; i < g.node_count; ++i)
            if (!gone[i]) out.add_node(g.nodes[i]);
        return out;
    }
};

}  // namespace detail

/// Elementwise operations into the operation that produces what they read, so that each result is touched
/// once. A result that others read too is stored on the way.
template <int N, int V>
constexpr graph<N, V> fuse_elementwise(const graph<N, V>& g) {
    detail::chain_fuser<graph<N, V>> fuser(g);
    fuser.run();
    return fuser.result();
}

}  // namespace weft::graph
