#pragma once

#include <algorithm>
#include <cstddef>

#include "../../core/buffer.hpp"
#include "kernels.hpp"
#include "sweep.hpp"

namespace weft {

/// The number of threads of a CPU policy, the calling one included. Does not compile for fewer than one.
template <int Count>
struct threads {
    static_assert(Count >= 1, "weft: a policy has at least one thread");
    static constexpr int count = Count;
};

/// Runs a network on the CPU with Eigen's packets. The same seed gives the same bits for every number of
/// threads. Scalar is float or double. No errors.
///
///     model<net, cpu_policy<float, threads<4>>> fast{seed{1}};
///     model<net, cpu_policy<double>> precise{seed{1}};
template <class Scalar = float, class Threads = threads<1>>
struct cpu_policy {
    using scalar = typename scalar_of_policy<Scalar>::type;
    static constexpr const char* name = "cpu";

    /// What a workspace holds beside its arena: scratch memory for packing.
    struct resources {
        buffer<Scalar> scratch;

        explicit resources(std::size_t scratch_size) : scratch(scratch_size) { team(); }
    };

    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<typename Program::template primitive<Program::graph.nodes[I].op>, chain_of<Program, I>>;
    }
    /// What tells the scratch memory that a primitive needs, in numbers for a batch; null if it needs none.
    using scratch_rule = std::size_t (*)(const graph::node&, int batch);
    template <class Primitive>
    static constexpr scratch_rule scratch_of() {
        if constexpr (requires(graph::node n) {
                          cpu_backend::kernel<Primitive>::template scratch<Scalar>(n, 1, 1);
                      })
            return &scratch<Primitive>;
        else
            return nullptr;
    }
    /// What runs a primitive, for `explain`.
    template <class Primitive>
    static const char* kernel_name(const graph::node&, int) {
        return cpu_backend::falls_back<Primitive> ? "reference" : name;
    }

    /// The optimiser's rule in one sweep, a packet at a time; slot k of parameter i is state[k * stride + i].
    template <int Slots, class Rule>
    static void update(const Rule& rule, std::size_t n, Scalar* parameters, const Scalar* gradients,
                       Scalar* state, std::size_t stride) {
        cpu_backend::sweep<Slots, Rule, Scalar> all{rule, n, stride, parameters, gradients, state};
        team().run(all.tasks(), &all.part, &all);
    }

    /// The threads of all workspaces with this policy, started at first use.
    static const cpu_backend::thread_team& team() {
        if constexpr (Threads::count == 1) {  // without what a pool of threads costs the compiler
            static const cpu_backend::thread_team alone;
            return alone;
        } else {
            static const cpu_backend::thread_team shared(Threads::count);
            return shared;
        }
    }

private:
    template <class Primitive, class Chain>
    static void run(const graph::node& n, const arguments<Scalar>& a, resources& r) {
        cpu_backend::kernel<Primitive>::template run<Chain>(
            n, a, cpu_backend::context<Scalar>{&team(), r.scratch.data()});
    }
    template <class Primitive>
    static std::size_t scratch(const graph::node& n, int batch) {
        return cpu_backend::kernel<Primitive>::template scratch<Scalar>(n, batch, Threads::count);
    }
};

/// One thread, float. No errors.
///
///     model<net, cpu> model{seed{1}};
using cpu = cpu_policy<>;

}  // namespace weft
