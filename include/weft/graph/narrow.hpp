#pragma once

#include "primitives/elementwise.hpp"
#include "traversal.hpp"

namespace weft {

/// How a program holds its numbers.
enum class precision {
    full,   ///< all in the policy's scalar
    mixed,  ///< most in 16 bits (see narrowed), sums in the scalar
    scaled  ///< so, and gradients are scaled by a number in memory: for float16, whose range is small
};

namespace graph {

/// Chooses the values that mixed precision holds in 16 bits: what layers compute for each sample, its
/// gradients, and both factors of all products. All else stays wide: results, what a loss computes,
/// statistics, the gradients of parameters, and numbers of which a sample has one. A bias is as wide as what
/// it is added to, as libraries of products ask. (Runs before steps are fused, where each value has an
/// operation.)
template <int N, int V>
constexpr graph<N, V> narrowed(graph<N, V> g) {
    array<bool, V> product{};
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        product[n.out[0]] = n.has(multiplies) && g.values[n.out[0]].batched;
        for (int k = 0; k < max_outputs; ++k) {
            if (n.out[k] < 0) continue;
            value& v = g.values[n.out[k]];
            if (v.where == storage::arena && v.batched && v.size > 1 && !v.keep && !v.exact && n.layer > 0)
                v.type = number_type::narrow;
        }
    }
    for (int i = 0; i < g.node_count; ++i)
        for (int k = 0; k < 2 && g.nodes[i].has(multiplies); ++k) {
            value& v = g.values[g.nodes[i].in[k]];
            if (v.where != storage::arena && v.where != storage::input && v.where != storage::parameter)
                weft::detail::stop_compilation(
                    "weft: mixed precision multiplies results, inputs and parameters");
            v.type = number_type::narrow;
        }
    for (int i = 0; i < g.node_count; ++i) {
        const node& n = g.nodes[i];
        if (!n.is<elementwise>() || n.in[0] < 0 || !product[n.in[0]] || n.step_count != 1) continue;
        const step& s = n.steps[0];
        if (s.kind == step_kind::add && s.mode == operand_mode::channel &&
            g.values[s.operand].where == storage::parameter)
            g.values[s.operand].type = g.values[n.out[0]].type;
    }
    return g;
}

/// Notes in each operation of which types its values are.
template <int N, int V>
constexpr graph<N, V> with_types(graph<N, V> g) {
    const auto type_of = [&g](int v) { return v < 0 ? number_type::real : g.values[v].type; };
    for (int i = 0; i < g.node_count; ++i) {
        node& n = g.nodes[i];
        int place = 0;
        for (const std::int16_t v : n.in) n.types.set(place++, type_of(v));
        for (const std::int16_t v : n.out) n.types.set(place++, type_of(v));
        for (int k = 0; k < n.step_count; ++k) n.types.set(place++, type_of(n.steps[k].operand));
    }
    return g;
}

/// Is a value of this kind narrow?
template <int N, int V>
constexpr bool has_narrow(const graph<N, V>& g, storage where) {
    for (int v = 0; v < g.value_count; ++v)
        if (g.values[v].type == number_type::narrow && g.values[v].where == where) return true;
    return false;
}

}  // namespace graph
}  // namespace weft
