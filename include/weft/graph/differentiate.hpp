#pragma once

#include "../core/real.hpp"
#include "../core/unreachable.hpp"
#include "lower.hpp"
#include "traversal.hpp"

namespace weft::graph {

/// Does the derivative of `f` follow from f's result? Otherwise it needs f's argument.
constexpr bool slope_from_result(function f) {
    using enum function;
    return f == relu || f == leaky_relu || f == elu || f == selu || f == sigmoid || f == tanh || f == exp ||
           f == sqrt;
}

namespace detail {

/// Reverse-mode differentiation of a graph in place: gradient operations are appended to it.
template <class Graph>
struct differentiator {
    Graph& g;
    std::array<std::int16_t, Graph::value_capacity> gradient{};
    std::array<bool, Graph::value_capacity> wanted{};
    int layer = 0;

    constexpr explicit differentiator(Graph& graph) : g(graph) {
        for (auto& id : gradient) id = -1;
    }

    constexpr std::int16_t emit(node n, int size, bool batched) {
        n.layer = std::int16_t(layer);
        n.out[0] = std::int16_t(g.add_value({.batched = batched, .size = size}));
        if (n.view.size() != size) n.view = {1, 1, size};
        g.add_node(n);
        return n.out[0];
    }
    constexpr std::int16_t emit_like(node n, int v) { return emit(n, g.values[v].size, g.values[v].batched); }
    constexpr std::int16_t with_step(int x, step s, blocking view) {
        node n = make_node(opcode::elementwise, x);
        n.view = view;
        n.attribute[0] = !g.values[x].batched;
        n.add_step(s);
        return emit_like(n, x);
    }
    constexpr std::int16_t scaled(int x, float by) {
        return by == 1 ? std::int16_t(x)
                       : with_step(x, {.kind = step_kind::scale, .bits = {to_bits(by), 0}}, {});
    }
    /// Adds a contribution to the gradient of v.
    constexpr void accumulate(int v, int contribution) {
        if (!wanted[v]) return;
        gradient[v] =
            gradient[v] < 0
                ? std::int16_t(contribution)
                : with_step(gradient[v], {.kind = step_kind::add, .operand = std::int16_t(contribution)}, {});
    }
    /// The gradient of a broadcast operand: sums what was repeated.
    constexpr void accumulate_operand(const step& s, blocking view, int dy, float factor) {
        if (!wanted[s.operand]) return;
        if (s.mode == operand_mode::same) return accumulate(s.operand, scaled(dy, factor));
        node n = make_node(opcode::reduce, dy);
        const bool shared = !g.values[dy].batched;
        set_reduce(n, view, s.mode, to_bits(factor), false, shared);
        accumulate(s.operand, emit(n, operand_size(s.mode, view), is_per_sample(s.mode) && !shared));
    }

    constexpr void elementwise(const node& n, int dy) {
        const step& s = n.steps[0];
        const int x = n.in[0], y = n.out[0];
        using enum step_kind;
        switch (s.kind) {
            case apply: {
                step slope = s;
                const bool from_y = slope_from_result(s.fn);
                slope.kind = from_y ? slope_from_y : slope_from_x;
                slope.operand = std::int16_t(from_y ? y : x);
                accumulate(x, with_step(dy, slope, n.view));
                break;
            }
            case add:
                accumulate(x, dy);
                accumulate_operand(s, n.view, dy, 1);
                break;
            case subtract:
                accumulate(x, dy);
                accumulate_operand(s, n.view, dy, -1);
                break;
            case multiply:
                if (wanted[x]) accumulate(x, with_step(dy, s, n.view));
                if (wanted[s.operand])
                    accumulate_operand(
                        s, n.view, with_step(dy, {.kind = multiply, .operand = std::int16_t(x)}, n.view), 1);
                break;
            case divide:
                if (wanted[x]) accumulate(x, with_step(dy, s, n.view));
                if (wanted[s.operand]) {
                    const int product = with_step(dy, {.kind = multiply, .operand = std::int16_t(y)}, n.view);
                    accumulate_operand(s, n.view, with_step(product, s, n.view), -1);
                }
                break;
            case offset:
                accumulate(x, dy);
                break;
            case scale:
            case per_batch:
            case dropout:
                accumulate(x, with_step(dy, s, n.view));
                break;
            default:
                weft::detail::stop_compilation("weft: an elementwise step without a gradient rule");
        }
    }

    constexpr void product(const node& n, int dy, opcode data, opcode weights) {
        if (wanted[n.in[1]]) {
            node w = n;
            w.op = weights;
            w.in[1] = std::int16_t(dy);
            clear_outputs(w);
            accumulate(n.in[1], emit_like(w, n.in[1]));
        }
        if (wanted[n.in[0]]) {
            node d = n;
            d.op = data;
            d.in[0] = std::int16_t(dy);
            clear_outputs(d);
            accumulate(n.in[0], emit_like(d, n.in[0]));
        }
    }
    static constexpr void clear_outputs(node& n) {
        for (auto& o : n.out) o = -1;
    }
    /// An operation with the attributes of `n`, of the given inputs, whose result is the gradient of n.in[0].
    constexpr void unary(const node& n, opcode op, int a, int b = -1, int c = -1) {
        if (!wanted[n.in[0]]) return;
        node d = n;
        d.op = op;
        for (auto& i : d.in) i = -1;
        d.in[0] = std::int16_t(a);
        d.in[1] = std::int16_t(b);
        d.in[2] = std::int16_t(c);
        clear_outputs(d);
        accumulate(n.in[0], emit_like(d, n.in[0]));
    }

    constexpr void batch_norm(const node& n, int dy) {
        node d = n;
        d.op = opcode::batch_norm_grad;
        d.in[0] = std::int16_t(dy);
        d.in[1] = n.in[0];
        d.in[2] = n.in[1];
        d.in[3] = n.out[3];
        d.in[4] = n.out[4];
        clear_outputs(d);
        const int channels = n.view.channels;
        for (int i = 1; i < 3; ++i)
            d.out[i] = std::int16_t(g.add_value({.batched = false, .size = channels}));
        const int dgamma = d.out[1], dbeta = d.out[2];
        const int dx = emit_like(d, n.in[0]);
        accumulate(n.in[0], dx);
        if (n.in[1] >= 0) accumulate(n.in[1], dgamma);
        if (n.in[2] >= 0) accumulate(n.in[2], dbeta);
    }

    constexpr void reduce(const node& n, int dy) {
        if (!wanted[n.in[0]]) return;
        // The factor goes to the small side; what is left is a broadcast, which other operations absorb.
        int seed = scaled(dy, from_bits(n.attribute[4]));
        if (n.attribute[5])
            seed = with_step(seed, {.kind = step_kind::per_batch, .bits = {to_bits(1), 0}}, {});
        node d = make_node(opcode::elementwise, seed);
        d.source_mode = operand_mode(n.attribute[3]);
        d.view = blocking{n.attribute[0], n.attribute[1], n.attribute[2]};
        d.attribute[0] = !g.values[n.in[0]].batched;
        accumulate(n.in[0], emit_like(d, n.in[0]));
    }

    constexpr void rule(const node& n) {
        const int dy = gradient[n.out[0]];
        layer = n.layer;
        if (n.op == opcode::pick_nll || n.op == opcode::softmax_xent) {
            if (dy < 0) return;
            if (n.op == opcode::pick_nll)
                unary(n, opcode::pick_nll_grad, dy, n.in[1], n.in[2]);
            else if (wanted[n.in[0]]) {
                node d = n;
                d.op = opcode::softmax_xent_grad;
                d.in[0] = std::int16_t(dy);
                d.in[1] = n.out[2];
                d.in[2] = n.in[1];
                d.in[3] = n.in[2];
                clear_outputs(d);
                accumulate(n.in[0], emit_like(d, n.in[0]));
            }
            return;
        }
        if (dy < 0) return;
        switch (n.op) {
            case opcode::elementwise:
                return elementwise(n, dy);
            case opcode::gemm:
                return product(n, dy, opcode::gemm_data, opcode::gemm_weights);
            case opcode::conv2d:
                return product(n, dy, opcode::conv2d_data, opcode::conv2d_weights);
            case opcode::max_pool2d:
                return unary(n, opcode::max_pool2d_grad, dy, n.in[0]);
            case opcode::avg_pool2d:
                return unary(n, opcode::avg_pool2d_grad, dy);
            case opcode::upsample2d:
                return unary(n, opcode::upsample2d_grad, dy);
            case opcode::softmax:
                return unary(n, opcode::softmax_grad, dy, n.out[0]);
            case opcode::log_softmax:
                return unary(n, opcode::log_softmax_grad, dy, n.out[0]);
            case opcode::layer_norm:
                return unary(n, opcode::layer_norm_grad, dy, n.out[0], n.out[1]);
            case opcode::batch_norm:
                return batch_norm(n, dy);
            case opcode::reduce:
                return reduce(n, dy);
            case opcode::concat: {
                int offset = 0;
                for (int i = 0; i < n.attribute[max_inputs]; ++i) {
                    node d = make_node(opcode::slice, dy);
                    d.attribute[0] = g.values[dy].size;
                    d.attribute[1] = offset;
                    d.attribute[2] = n.attribute[i];
                    offset += n.attribute[i];
                    if (wanted[n.in[i]]) accumulate(n.in[i], emit_like(d, n.in[i]));
                }
                return;
            }
            default:
                weft::detail::stop_compilation("weft: an operation without a gradient rule");
        }
    }

    /// The gradients of all parameters with respect to `loss`, written to their places in the gradient
    /// buffer; all of them times a number in memory, if the loss is `scaled`.
    constexpr void run(int loss, bool scaled) {
        const int forward = g.node_count;
        for (int v = 0; v < g.value_count; ++v) wanted[v] = g.values[v].where == storage::parameter;
        for (int i = 0; i < forward; ++i) {
            bool any = false;
            const value_list from = reads(g.nodes[i]);
            for (int k = 0; k < from.count; ++k) any = any || wanted[from.id[k]];
            if (any) wanted[g.nodes[i].out[0]] = true;
        }
        const int values = g.value_count;
        if (scaled) {
            gradient[loss] =
                std::int16_t(g.add_value({.where = storage::loss_scale, .batched = false, .size = 1}));
        } else {
            node seed = make_node(opcode::elementwise);
            seed.attribute[0] = 1;
            seed.add_step({.kind = step_kind::fill, .bits = {to_bits(1), 0}});
            gradient[loss] = emit(seed, 1, false);
        }
        for (int i = forward - 1; i >= 0; --i) {
            const node n = g.nodes[i];
            if (wanted[n.out[0]]) rule(n);
        }
        for (int v = 0; v < values; ++v) {
            if (g.values[v].where != storage::parameter) continue;
            int d = gradient[v];
            if (d < 0) {  // a parameter that the loss does not depend on
                node zero = make_node(opcode::elementwise);
                zero.attribute[0] = 1;
                zero.add_step({.kind = step_kind::fill});
                d = emit_like(zero, v);
            } else if (g.values[d].where != storage::arena) {  // shared with another parameter: a copy
                node copy = make_node(opcode::elementwise, d);
                copy.attribute[0] = 1;
                d = emit_like(copy, v);
            }
            g.values[d].where = storage::gradient;
            g.values[d].offset = g.values[v].offset;
            g.values[d].keep = true;
        }
    }
};

}  // namespace detail

/// An upper bound of the operations that differentiation adds to a graph.
template <int N, int V>
constexpr int gradient_bound(const graph<N, V>& forward) {
    int bound = 2 + V;
    for (int i = 0; i < forward.node_count; ++i)
        bound += forward.nodes[i].op == opcode::concat ? 2 * max_inputs : 6;
    return bound;
}

/// The graph of a loss together with the gradients of all parameters; `Added` is at least its gradient_bound.
template <int Added, int N, int V>
constexpr auto differentiate(const graph<N, V>& forward, int loss, bool scaled = false) {
    auto g = resized<N + Added, V + Added + 2 * N>(forward);
    detail::differentiator<decltype(g)> d(g);
    d.run(loss, scaled);
    return g;
}

}  // namespace weft::graph
