#pragma once

#include "backend/chain.hpp"
#include "graph/differentiate.hpp"
#include "graph/eliminate.hpp"
#include "graph/expand.hpp"
#include "graph/fuse/bias_gradient.hpp"
#include "graph/fuse/elementwise.hpp"
#include "graph/fuse/softmax_cross_entropy.hpp"
#include "graph/plan.hpp"

namespace weft {

/// What a program is for.
enum class purpose {
    inference,   ///< predictions
    evaluation,  ///< predictions and their loss, as inference
    training     ///< loss and the gradients of all parameters
};

/// A network (and loss) compiled: each member is one pass over the graph before it. What runs is `graph`,
/// with memory as in `plan`.
template <class Net, class Loss = graph::no_loss, purpose Purpose = purpose::inference>
struct program {
    using network = Net;
    using functions = graph::functions_of<Net, Loss>;
    static constexpr bool training = Purpose == purpose::training;

    /// The network as its layers wrote it, with its parameters.
    static constexpr auto source = graph::lower<Net, Loss, training>();

private:
    template <auto& G>
    static constexpr auto tight() {
        return graph::resized<(G.node_count > 0 ? G.node_count : 1), G.value_count>(G);
    }
    static constexpr auto differentiate_source() {
        constexpr auto fused = graph::fuse_softmax_cross_entropy(source.g);
        if constexpr (training)
            return graph::differentiate<graph::gradient_bound(fused)>(fused, source.loss);
        else
            return fused;
    }
    static constexpr auto differentiated_ = differentiate_source();
    static constexpr auto differentiated = tight<differentiated_>();
    static constexpr auto expanded_ = graph::expand(differentiated);
    static constexpr auto expanded = tight<expanded_>();
    static constexpr auto biased = graph::fuse_bias_gradient(expanded);
    static constexpr auto needed_ = graph::eliminate(biased);
    static constexpr auto needed = tight<needed_>();
    static constexpr auto fused = graph::fuse_elementwise(needed);
    static constexpr auto final_ = graph::eliminate(fused);

public:
    /// The graph before fusion, which computes the same numbers.
    static constexpr auto& unfused = needed;
    /// The operations that run.
    static constexpr auto graph = tight<final_>();
    static constexpr auto lifetimes = weft::graph::lifetimes(graph);
    /// Where each value of the arena lives.
    static constexpr auto plan = weft::graph::plan(graph, lifetimes);
    static constexpr auto kernels = weft::graph::distinct_kernels(graph);
};

}  // namespace weft
