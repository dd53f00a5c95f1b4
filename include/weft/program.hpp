#pragma once

#include "backend/chain.hpp"
#include "graph/differentiate.hpp"
#include "graph/eliminate.hpp"
#include "graph/expand.hpp"
#include "graph/fuse/bias_gradient.hpp"
#include "graph/fuse/elementwise.hpp"
#include "graph/fuse/softmax_cross_entropy.hpp"
#include "graph/mistake.hpp"
#include "graph/narrow.hpp"
#include "graph/plan.hpp"

namespace weft {

/// What a program is for.
enum class purpose {
    inference,   ///< predictions
    evaluation,  ///< predictions and their loss, as inference
    training     ///< loss and the gradients of all parameters
};

namespace detail {

template <class Net, class Loss, bool Training>
inline constexpr auto source_of = graph::lower<Net, Loss, Training>();

/// The error of a network (or loss) that cannot be lowered, if that is so.
template <class Net, class Loss, bool Training>
using mistake_of =
    mistake_report<source_of<Net, Loss, Training>.mistaken, graph::detail::mistake_in<Net, Loss, Training>,
                   typename Net::layers, Loss, graph::brought_by<Net, Loss>>;

template <class Net, class Loss, bool Training>
inline constexpr auto forward_of = graph::fuse_softmax_cross_entropy(source_of<Net, Loss, Training>.g);

template <class Net, class Loss, bool Scaled>
constexpr auto with_gradients() {
    constexpr auto& forward = forward_of<Net, Loss, true>;
    return graph::differentiate<graph::gradient_bound(forward), graph::brought_by<Net, Loss>>(
        forward, source_of<Net, Loss, true>.loss, Scaled);
}
template <class Net, class Loss, bool Scaled>
constexpr auto with_gradients_in_less_room() {
    constexpr auto large = with_gradients<Net, Loss, Scaled>();
    return graph::differentiated_graph<large.node_count, large.value_count>{
        graph::resized<large.node_count, large.value_count>(large), large.without_rule};
}
template <class Net, class Loss, bool Scaled>
inline constexpr auto gradients_of = with_gradients_in_less_room<Net, Loss, Scaled>();

/// The error of an operation that lacks a gradient rule, if one does.
template <class Net, class Loss, bool Training, bool Scaled>
struct missing_rule {
    struct type {};
};
template <class Net, class Loss, bool Scaled>
struct missing_rule<Net, Loss, true, Scaled> {
    static constexpr graph::mistake value = graph::no_gradient_of(gradients_of<Net, Loss, Scaled>);
    using type =
        mistake_report<bool(value), missing_rule, typename Net::layers, Loss, graph::brought_by<Net, Loss>>;
};
}  // namespace detail

/// A network (and loss) compiled: each member is one pass over the graph before it. What runs is `graph`,
/// with memory as in `plan`. A policy's `Passes`, where they apply(training), have `rewrite<Graph>()`,
/// which gives the graph that runs for the one at the static member Graph::value.
template <class Net, class Loss = graph::no_loss, purpose Purpose = purpose::inference,
          precision Precision = precision::full, class Passes = void>
struct program
    : detail::mistake_of<Net, Loss, Purpose == purpose::training>,
      detail::missing_rule<Net, Loss, Purpose == purpose::training, Precision == precision::scaled>::type {
    using network = Net;
    /// The functions and primitives that the network brings.
    using own = graph::brought_by<Net, Loss>;
    static constexpr bool training = Purpose == purpose::training, mixed = Precision != precision::full,
                          scaled = training && Precision == precision::scaled;

    /// The network as its layers wrote it, with its parameters.
    static constexpr auto& source = detail::source_of<Net, Loss, training>;

    /// The primitive of an operation, by its number in the program's records.
    template <weft::graph::opcode Op>
    using primitive = graph::primitive_at<Op, own>;
    /// What counts and tables show of its primitives, by opcode.
    static constexpr const weft::graph::primitive_facts* facts =
        weft::graph::table_of<weft::graph::facts, own>.at;

private:
    // The compiler keeps every graph that is named here: a pass with nothing to do makes none, and each has
    // the size it needs.
    static constexpr const auto& differentiated() {
        if constexpr (training)
            return detail::gradients_of<Net, Loss, scaled>;
        else
            return detail::forward_of<Net, Loss, false>;
    }

    template <auto& G, int Operations, int Values>
    static constexpr auto expanded = graph::expand<Operations, Values>(G, own{});
    template <auto& G>
    static constexpr const auto& expand() {
        constexpr int operations = graph::expandable(G, own{}).operations,
                      values = graph::expandable(G, own{}).values;
        if constexpr (operations + values > 0)
            return expanded<G, operations, values>;
        else
            return G;
    }
    template <auto& G>
    static constexpr auto only_needed() {
        constexpr auto parts = graph::needed(G);
        return graph::eliminate<(parts.node_count > 0 ? parts.node_count : 1)>(G, parts);
    }
    static constexpr auto biased = graph::fuse_bias_gradient(expand<differentiated()>());
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
            return graph::with_types(only_needed<fused>());
        else
            return only_needed<fused>();
    }
    struct finished {
        static constexpr auto value = finish();
    };
    static constexpr auto rewritten() {
        if constexpr (std::is_void_v<Passes>)
            return finish();
        else
            return Passes::template rewrite<finished>();
    }

public:
    /// The operations that run.
    static constexpr auto graph = rewritten();
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

/// The passes that it brings, or void.
template <class Policy, bool Training>
struct passes_of {
    using type = void;
};
template <class Policy, bool Training>
requires(Policy::passes::applies(Training)) struct passes_of<Policy, Training> {
    using type = typename Policy::passes;
};

/// A network (and loss) compiled for a policy.
template <class Policy, class Net, class Loss = graph::no_loss, purpose Purpose = purpose::inference>
using program_for = program<Net, Loss, Purpose, precision_of<Policy>,
                            typename passes_of<Policy, Purpose == purpose::training>::type>;

}  // namespace weft
