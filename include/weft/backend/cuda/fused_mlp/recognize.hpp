#pragma once

#include <array>
#include <type_traits>

#include "../../../graph/eliminate.hpp"
#include "../../../graph/fuse/elementwise.hpp"
#include "../../../graph/fuse/softmax_cross_entropy.hpp"
#include "../../../graph/primitives/products.hpp"
#include "../../../graph/primitives/reduce.hpp"

/// Multi-layer perceptrons among graphs: what may run as one kernel.
namespace weft::cuda_backend {

using graph::function, graph::node, graph::storage;

/// y = f(x w^T + b), one row per sample.
struct mlp_layer {
    int in = 0, out = 0;
    function fn = function::none;
    std::int32_t bits = 0;  ///< the function's parameter
    bool bias = false;
    std::int32_t weight_at = 0, bias_at = 0;  ///< where among the parameters
};

/// What an mlp's training minimises: the mean over the batch of `scale` times
enum class mlp_loss : std::uint8_t {
    none,
    cross_entropy,  ///< softmax and cross-entropy with labels or probabilities
    difference      ///< the sum over a sample of a function of prediction - target
};

inline constexpr int max_mlp_depth = 16;

/// A chain of dense layers; no layer if a graph is no such chain.
struct mlp {
    int depth = 0;
    std::array<mlp_layer, max_mlp_depth> layers{};
    int output = -1;  ///< the value of the predictions
    mlp_loss loss = mlp_loss::none;
    function loss_fn = function::none;  ///< of a difference
    std::int32_t loss_bits = 0;         ///< its parameter, or the smoothing of labels
    std::int32_t divisor = 1;
    bool soft_targets = false;  ///< a probability for each class instead of a label

    constexpr explicit operator bool() const { return depth > 0; }
    /// All weights and biases.
    constexpr int parameters() const {
        int sum = 0;
        for (int i = 0; i < depth; ++i)
            sum += layers[i].out * layers[i].in + (layers[i].bias ? layers[i].out : 0);
        return sum;
    }
};

namespace detail {

template <class Graph>
struct mlp_finder {
    const Graph& g;
    mlp found{};

    constexpr const graph::value& at(int v) const { return g.values[std::size_t(v)]; }
    constexpr const node& operation(int i) const { return g.nodes[std::size_t(i)]; }

    static constexpr bool is_bias(const graph::step& s, const node& n) {
        const graph::blocking& v = n.view;
        return s.kind == graph::step_kind::add && s.mode == graph::operand_mode::channel && v.outer == 1 &&
               v.inner == 1 && v.channels == n.as<graph::gemm>().outs;
    }
    /// A product that reads `from`, and its bias and function; the number of steps that these are, or -1.
    constexpr int layer(const node& n, int from) {
        if (!n.is<graph::gemm>() || n.as<graph::gemm>().rows != 1 || n.in[0] != from || n.in[1] < 0)
            return -1;
        if (at(n.in[1]).where != storage::parameter) return -1;
        mlp_layer& l = found.layers[std::size_t(found.depth++)];
        l.out = n.as<graph::gemm>().outs;
        l.in = n.as<graph::gemm>().depth;
        l.weight_at = at(n.in[1]).offset;
        int s = 0;
        if (s < n.step_count && is_bias(n.steps[s], n) &&
            at(n.steps[s].operand).where == storage::parameter) {
            l.bias = true;
            l.bias_at = at(n.steps[s++].operand).offset;
        }
        if (s < n.step_count && n.steps[s].kind == graph::step_kind::apply &&
            n.steps[s].fn != function::custom) {
            l.fn = n.steps[s].fn;
            l.bits = n.steps[s++].bits[0];
        }
        return s;
    }
    /// The layers from node 0 on; the number of steps of the last that are its own, or -1.
    constexpr int chain(int count) {
        if (count < 1 || count > max_mlp_depth) return -1;
        int from = -1, steps = -1;
        for (int v = 0; v < g.value_count; ++v)
            if (at(v).where == storage::input) {
                if (from >= 0) return -1;
                from = v;
            }
        for (int i = 0; i < count; ++i) {
            const node& n = operation(i);
            steps = layer(n, from);
            if (steps < 0 || (i + 1 < count && steps != n.step_count)) return -1;
            if (i + 1 < count && at(n.out[0]).keep) return -1;
            from = n.out[0];
        }
        return steps;
    }
    /// Is the last node the batch's mean of v, up to a factor?
    constexpr bool is_mean(const node& n, int v, int loss) {
        if (!n.is<graph::reduce>() || n.in[0] != v || n.out[0] != loss || n.step_count || n.once)
            return false;
        const auto sum = n.as<graph::reduce>();
        found.divisor = sum.divisor;
        return sum.over() == graph::operand_mode::scalar && sum.per_batch;
    }
    constexpr bool cross_entropy(int loss) {
        const int depth = g.node_count - 2;
        if (depth < 1 || chain(depth) != operation(depth - 1).step_count) return false;
        const node& n = operation(depth);
        found.output = operation(depth - 1).out[0];
        const auto over = n.as<graph::softmax_xent>();
        if (!n.is<graph::softmax_xent>() || n.in[0] != found.output || over.weighted || n.in[1] < 0 ||
            at(n.in[1]).where != storage::target || !is_mean(operation(depth + 1), n.out[0], loss))
            return false;
        found.loss = mlp_loss::cross_entropy;
        found.loss_bits = to_bits(over.smoothing);
        found.soft_targets = over.targets != 1;
        return true;
    }
    /// Predictions are stored, then follow minus the target and a function.
    constexpr bool difference(int loss) {
        const int depth = g.node_count - 1;
        if (depth < 1) return false;
        const int own = chain(depth);
        const node& n = operation(depth - 1);
        if (own < 0 || n.step_count != own + 3) return false;
        const graph::step &store = n.steps[own], &minus = n.steps[own + 1], &apply = n.steps[own + 2];
        if (store.kind != graph::step_kind::store || minus.kind != graph::step_kind::subtract ||
            minus.mode != graph::operand_mode::same || at(minus.operand).where != storage::target ||
            apply.kind != graph::step_kind::apply || apply.fn == function::custom ||
            !is_mean(operation(depth), n.out[0], loss))
            return false;
        found.loss = mlp_loss::difference;
        found.loss_fn = apply.fn;
        found.loss_bits = apply.bits[0];
        found.output = store.operand;
        return true;
    }
};

}  // namespace detail

/// The layers of a program's final graph for predictions, if it is a chain of dense layers.
template <int N, int V>
constexpr mlp find_mlp(const graph::graph<N, V>& g) {
    detail::mlp_finder<graph::graph<N, V>> finder{g};
    const int steps = finder.chain(g.node_count);
    if (steps < 0 || g.nodes[std::size_t(g.node_count - 1)].step_count != steps) return {};
    finder.found.output = g.nodes[std::size_t(g.node_count - 1)].out[0];
    return finder.found;
}

/// The layers and the loss of a network as it was lowered, without gradients: they follow from these two.
template <int N, int V>
constexpr mlp find_mlp(const graph::graph<N, V>& source, int loss) {
    // Large graphs of other kinds are not fused once more only to be refused.
    if (source.node_count > 3 * max_mlp_depth + 6) return {};
    for (int i = 0; i < source.node_count; ++i) {
        const node& n = source.nodes[std::size_t(i)];
        if (!n.is<graph::gemm>() && !n.is<graph::elementwise>() && !n.is<graph::log_softmax>() &&
            !n.is<graph::pick_nll>() && !n.is<graph::reduce>())
            return {};
    }
    const auto g = graph::eliminate(graph::fuse_elementwise(graph::fuse_softmax_cross_entropy(source)));
    using fused = std::remove_const_t<decltype(g)>;
    detail::mlp_finder<fused> classifier{g};
    if (classifier.cross_entropy(loss)) return classifier.found;
    detail::mlp_finder<fused> other{g};
    if (other.difference(loss)) return other.found;
    return {};
}

}  // namespace weft::cuda_backend
