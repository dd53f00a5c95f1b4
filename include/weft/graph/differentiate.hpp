#pragma once

#include <initializer_list>

#include "mistake.hpp"
#include "primitives.hpp"
#include "traversal.hpp"

namespace weft::graph {

/// A primitive's gradient rule, if it has one. (A flag beside it: under sanitizers g++ will not compare a
/// function's address with null while compiling. And nvcc 13 finds no &P::gradient<D> in a requirement.)
template <class D>
struct gradient_rule {
    void (*give)(D&, const node&) = nullptr;
    bool there = false;
};
template <class P, class D>
inline constexpr gradient_rule<D> gradient_rule_of{};
template <class P, class D>
requires requires(D& d, const node& n) { P::gradient(d, n); }
inline constexpr gradient_rule<D> gradient_rule_of<P, D>{&P::template gradient<D>, true};

/// Reverse-mode differentiation of a graph in place: gradient operations are appended to it. What the
/// gradient rules of primitives are given; `Own` are the primitives that the network brings.
template <class Own = primitive_list<>>
class gradients {
public:
    /// The outputs of an emitted operation; as a number the first, its result.
    struct outputs {
        std::int16_t out[max_outputs];
        constexpr operator int() const { return out[0]; }
    };

    constexpr gradients(graph_writer graph, std::int16_t* gradient, bool* wanted)
        : g_(graph), gradient_(gradient), wanted_(wanted) {
        for (int v = 0; v < graph.value_capacity; ++v) gradient_[v] = -1;
    }

    // ---- for rules --------------------------------------------------------------------------------------
    /// The gradient of value v: that of the result of the operation whose rule is asked is always there.
    constexpr int of(int v) const { return gradient_[v]; }
    /// Is the gradient of value v asked for?
    constexpr bool wanted(int v) const { return v >= 0 && wanted_[v]; }
    /// Adds a contribution to the gradient of value v, if that is wanted.
    constexpr void add(int v, int contribution) {
        if (!wanted(v)) return;
        gradient_[v] = std::int16_t(
            gradient_[v] < 0
                ? contribution
                : with_step(gradient_[v], {.kind = step_kind::add, .operand = std::int16_t(contribution)},
                            {}));
    }
    /// An operation that reads these values (-1 for none); its outputs are as the primitive says.
    template <class P>
    constexpr outputs emit_all(const P& primitive, std::initializer_list<int> in, blocking view = {}) {
        node n = make_node<Own>(primitive);
        int i = 0;
        for (int v : in) n.in[i++] = std::int16_t(v);
        n.view = view;
        g_.add_outputs(n, primitive);
        join(n);
        outputs made;
        for (int k = 0; k < max_outputs; ++k) made.out[k] = n.out[k];
        return made;
    }
    template <class P>
    constexpr int emit(const P& primitive, std::initializer_list<int> in) {
        return emit_all(primitive, in);
    }
    /// One step over a value.
    constexpr int with_step(int x, step s, blocking view) {
        node n = make_node(elementwise{}, x);
        n.view = view;
        n.once = !g_.values[x].batched;
        n.add_step(s);
        return emit_like(n, x);
    }
    constexpr int scaled(int x, float by) {
        return by == 1 ? x : with_step(x, {.kind = step_kind::scale, .bits = {to_bits(by), 0}}, {});
    }
    /// So many zeros for each sample.
    constexpr int zeros(int size) { return filled(0, size, true); }
    /// The gradient of a step's operand, or with a sign of -1 minus it: sums what was repeated.
    constexpr void add_operand(const step& s, blocking view, int dy, int sign) {
        if (!wanted(s.operand)) return;
        if (s.mode == operand_mode::same) return add(s.operand, scaled(dy, float(sign)));
        const bool once = !g_.values[dy].batched;
        add(s.operand, emit(reduce{view, int(s.mode), sign, 0, once}, {dy}));
    }
    /// x, read with `mode`, repeated to the size of value v.
    constexpr int repeated(int x, operand_mode mode, blocking view, int v) {
        node n = make_node(elementwise{}, x);
        n.source_mode = mode;
        n.view = view;
        n.once = !g_.values[v].batched;
        return emit_like(n, v);
    }

    // ---- for the pass -----------------------------------------------------------------------------------
    /// The gradients of all parameters with respect to `loss`, written to their places in the gradient
    /// buffer; all of them times a number in memory, if the loss is `scaled`. Returns the first operation
    /// that lacks a rule, or -1.
    constexpr int run(int loss, bool scaled) {
        const int forward = g_.node_count;
        for (int v = 0; v < g_.value_count; ++v) wanted_[v] = g_.values[v].where == storage::parameter;
        for (int i = 0; i < forward; ++i) {
            bool any = false;
            const value_list from = reads(g_.nodes[i]);
            for (int k = 0; k < from.count; ++k) any = any || wanted_[from.id[k]];
            if (any) wanted_[g_.nodes[i].out[0]] = true;
        }
        const int values = g_.value_count;
        gradient_[loss] = scaled ? g_.add_value({.where = storage::loss_scale, .batched = false, .size = 1})
                                 : constant(1, 1);
        for (int i = forward - 1; i >= 0; --i) {
            const node n = g_.nodes[i];
            if (!wanted_[n.out[0]] || gradient_[n.out[0]] < 0) continue;
            const gradient_rule<gradients>& rule = table_of<rules, Own>[n.op];
            if (!rule.there) return i;
            layer_ = n.layer;
            rule.give(*this, n);
        }
        for (int v = 0; v < values; ++v)
            if (g_.values[v].where == storage::parameter) finish(v);
        return -1;
    }

private:
    struct rules {
        using type = gradient_rule<gradients>;
        template <class P>
        static constexpr type of = gradient_rule_of<P, gradients>;
    };

    constexpr void join(node& n) {
        const int size = g_.values[n.out[0]].size;
        n.layer = std::int16_t(layer_);
        if (n.view.size() != size) n.view = {1, 1, size};
        g_.add_node(n);
    }
    constexpr std::int16_t emit_like(node n, int v) {
        n.out[0] = g_.add_value({.batched = g_.values[v].batched, .size = g_.values[v].size});
        join(n);
        return n.out[0];
    }
    /// A value of the same number everywhere.
    constexpr std::int16_t constant(float number, int size) { return filled(number, size, false); }
    constexpr std::int16_t filled(float number, int size, bool batched) {
        node n = make_node(elementwise{});
        n.once = !batched;
        n.add_step({.kind = step_kind::fill, .bits = {to_bits(number), 0}});
        n.out[0] = g_.add_value({.batched = batched, .size = size});
        join(n);
        return n.out[0];
    }
    /// A parameter's gradient goes to its place.
    constexpr void finish(int v) {
        int d = gradient_[v];
        if (d < 0) {  // a parameter that the loss does not depend on
            d = constant(0, g_.values[v].size);
        } else if (g_.values[d].where != storage::arena) {  // shared with another parameter: a copy
            node copy = make_node(elementwise{}, d);
            copy.once = true;
            d = emit_like(copy, v);
        }
        g_.values[d].where = storage::gradient;
        g_.values[d].offset = g_.values[v].offset;
        g_.values[d].keep = true;
    }

    graph_writer g_;
    std::int16_t* gradient_;
    bool* wanted_;
    int layer_ = 0;
};

/// An upper bound of the operations that differentiation adds to a graph.
template <int N, int V>
constexpr int gradient_bound(const graph<N, V>& forward) {
    int bound = 2 + V;
    for (int i = 0; i < forward.node_count; ++i)
        bound += forward.nodes[i].template is<concat>() ? 2 * max_inputs : 6;
    return bound;
}

/// A graph with gradients.
template <int N, int V>
struct differentiated_graph : graph<N, V> {
    int without_rule = -1;  ///< the first operation that has no gradient rule
};

/// The graph of a loss together with the gradients of all parameters; `Added` is at least its gradient_bound.
template <int Added, class Own = primitive_list<>, int N, int V>
constexpr auto differentiate(const graph<N, V>& forward, int loss, bool scaled = false) {
    constexpr int values = V + Added + 2 * N;
    differentiated_graph<N + Added, values> g{resized<N + Added, values>(forward)};
    array<std::int16_t, values> gradient{};
    array<bool, values> wanted{};
    g.without_rule = gradients<Own>(g.writer(), gradient.data(), wanted.data()).run(loss, scaled);
    return g;
}

/// The mistake of an operation that has no rule, if one has none.
template <int N, int V>
constexpr mistake no_gradient_of(const differentiated_graph<N, V>& g) {
    if (g.without_rule < 0) return {};
    const node& n = g.nodes[g.without_rule];
    return {.kind = mistake_kind::no_gradient, .layer = n.layer, .op = n.op};
}

}  // namespace weft::graph
