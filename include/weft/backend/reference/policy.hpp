#pragma once

#include <cstddef>

#include "run.hpp"

namespace weft {

/// Runs a network with plain loops: the oracle that every other policy is checked against. Any floating-point
/// type; slow, and the only one that works in constant expressions. Does not compile for whole numbers.
///
///     model<net, reference_policy<double>> model{seed{1}};
template <class Scalar = float>
struct reference_policy {
    using scalar = typename scalar_of_policy<Scalar>::type;
    static constexpr const char* name = "reference";

    /// What a workspace holds beside its arena: nothing.
    struct resources {
        constexpr explicit resources(std::size_t) {}
    };
    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<typename Program::template primitive<Program::graph.nodes[I].op>, typename Program::own>;
    }
    /// The optimiser's rule over n parameters; slot k of parameter i is state[k * stride + i].
    template <int Slots, class Rule>
    static void update(const Rule& rule, std::size_t n, Scalar* parameters, const Scalar* gradients,
                       Scalar* state, std::size_t stride) {
        for (std::size_t i = 0; i < n; ++i) {
            Scalar slots[Slots ? Slots : 1] = {};
            for (int k = 0; k < Slots; ++k) slots[k] = state[std::size_t(k) * stride + i];
            rule(parameters[i], gradients[i], slots);
            for (int k = 0; k < Slots; ++k) state[std::size_t(k) * stride + i] = slots[k];
        }
    }

private:
    template <class Primitive, class Functions>
    static constexpr void run(const graph::node& n, const arguments<Scalar>& a, resources&) {
        reference_backend::run<Primitive, Functions>(n, a);
    }
};

/// Plain loops in float. No errors.
///
///     model<net, reference> model{seed{1}};
using reference = reference_policy<>;

}  // namespace weft
