#pragma once

#include "backend/chain.hpp"
#include "graph/differentiate.hpp"
#include "graph/eliminate.hpp"
#include "graph/expand.hpp"
#include "graph/fuse/bias_gradient.hpp"
#include "graph/fuse/elementwise.hpp"
#include "graph/fuse/softmax_cross_entropy.hpp"
#include "graph/narrow.hpp"
#include "graph/plan.hpp"
#include "graph/relu_mask.hpp"

namespace weft {

/// What a program is for.
enum class purpose {
    inference,   ///< predictions
    evaluation,  ///< predictions and their loss, as inference
    training     ///< loss and the gradients of all parameters
};

/// A network (and loss) compiled: each member is one pass over the graph before it. What runs is `graph`,
/// with memory as in `plan`. With `Masks`, training keeps masks of relu where products can use them.
template <class Net, class Loss = graph::no_loss, purpose Purpose = purpose::inference,
          precision Precision = precision::full, bool Masks = false>
struct program {
    using network = Net;
    using functions = graph::functions_of<Net, Loss>;
    static constexpr bool training = Purpose == purpose::training, mixed = Precision != precision::full,
                          scaled = training && Precision == precision::scaled;

    /// The network as its layers wrote it, with its parameters.
    static constexpr auto source = graph::lower<Net, Loss, training>();

private:
    // The compiler keeps every graph that is named here: a pass with nothing to do makes none, and each has
    // the size it needs.
    static constexpr auto with_gradients() {
        constexpr auto forward = graph::fuse_softmax_cross_entropy(source.g);
        return graph::differentiate<graph::gradient_bound(forward)>(forward, source.loss, scaled);
    }
    static constexpr auto differentiate_source() {
        if constexpr (training) {
            constexpr auto g = with_gradients();
            return graph::resized<g.node_count, g.value_count>(g);
        } else if constexpr (std::is_same_v<Loss, graph::no_loss>) {
            return source.g;
        } else {
            return graph::fuse_softmax_cross_entropy(source.g);
        }
    }
    static constexpr auto differentiated = differentiate_source();

    template <auto& G, int Count>
    static constexpr auto expanded = graph::expand<Count>(G);
    template <auto& G>
    static constexpr const auto& expand() {
        if constexpr (constexpr int count = graph::expandable(G); count > 0)
            return expanded<G, count>;
        else
            return G;
    }
    template <auto& G>
    static constexpr auto only_needed() {
        constexpr auto parts = graph::needed(G);
        return graph::eliminate<(parts.node_count > 0 ? parts.node_count : 1)>(G, parts);
    }
    static constexpr auto biased = graph::fuse_bias_gradient(expand<differentiated>());
    static constexpr auto choose_widths() {
        if constexpr (mixed)
            return graph::narrowed(only_needed<biased>());
        else
            return only_needed<biased>();
    }

public:
    /// The graph before fusion, which computes the same numbers.
    static constexpr auto unfused = choose_widths();

private:
    static constexpr auto fused = graph::fuse_elementwise(unfused);
    static constexpr auto finish() {
        if constexpr (mixed)
            return graph::with_widths(only_needed<fused>());
        else
            return only_needed<fused>();
    }
    static constexpr auto choose_masks() {
        if constexpr (training && Masks) {
            constexpr auto finished = finish();
            constexpr auto masked = graph::find_relu_masks(finished);
            return graph::with_relu_masks<masked.count>(finished, masked);
        } else {
            return finish();
        }
    }

public:
    /// The operations that run.
    static constexpr auto graph = choose_masks();
    static constexpr auto lifetimes = weft::graph::lifetimes(graph);
    /// Where each value of the arena lives.
    static constexpr auto plan = weft::graph::plan(graph, lifetimes);
    static constexpr auto kernels = weft::graph::distinct_kernels(graph);
};

/// How a policy wants programs to hold their numbers.
template <class Policy>
inline constexpr precision precision_of = precision::full;
template <class Policy>
requires requires { Policy::numbers; }
inline constexpr precision precision_of<Policy> = Policy::numbers;

/// Whether it wants masks of relu.
template <class Policy>
inline constexpr bool keeps_relu_masks = false;
template <class Policy>
requires requires { Policy::keeps_relu_masks; }
inline constexpr bool keeps_relu_masks<Policy> = Policy::keeps_relu_masks;

/// A network (and loss) compiled for a policy.
template <class Policy, class Net, class Loss = graph::no_loss, purpose Purpose = purpose::inference>
using program_for = program<Net, Loss, Purpose, precision_of<Policy>,
                            Purpose == purpose::training && keeps_relu_masks<Policy>>;

}  // namespace weft
