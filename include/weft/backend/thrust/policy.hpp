#pragma once

#include <algorithm>
#include <cstddef>

#include "../../core/buffer.hpp"
#include "kernel.hpp"
#include "update.hpp"

namespace weft {

/// Runs a network with Thrust's algorithms on one of its systems: weft::cpp, weft::omp or weft::tbb, and in
/// programs built with nvcc weft::cuda_system. The same seed gives the same bits for every number of threads.
/// Scalar is float or double.
template <class System, class Scalar = float>
struct thrust_policy {
    using scalar = Scalar;
    static constexpr const char* name = System::name;

    /// What a workspace holds beside its arena: room for the parts of sums over everything.
    struct resources {
        buffer<Scalar> scratch;

        template <class Nodes>
        resources(const Nodes& nodes, int count, int capacity) {
            static_assert(!System::on_device,
                          "weft: a workspace's memory is the host's, which kernels on a device cannot reach");
            std::size_t most = 0;
            for (int i = 0; i < count; ++i)
                most = std::max(most, thrust_backend::scratch_of(nodes[std::size_t(i)], capacity));
            scratch = buffer<Scalar>(most);
        }
    };
    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<Program::graph.nodes[I].op, chain_of<Program, I>>;
    }

    /// The optimiser's rule over n parameters; slot k of parameter i is state[k * n + i].
    template <int Slots, class Rule>
    static void update(const Rule& rule, std::size_t n, Scalar* parameters, const Scalar* gradients,
                       Scalar* state) {
        const std::ptrdiff_t count = std::ptrdiff_t(n);
        thrust_backend::for_each_index<System>(
            thrust_backend::pieces(count, System::elements), System::elements,
            thrust_backend::update_pieces<Slots, Rule, Scalar>{rule, System::elements, count, parameters,
                                                               gradients, state});
    }

private:
    template <graph::opcode Op, class Chain>
    static void run(const graph::node& n, const arguments<Scalar>& a, resources& r) {
        thrust_backend::run<System, Op, Chain>(n, a, r.scratch.data());
    }
};

/// Thrust on a system, float: thrust<omp>.
template <class System>
using thrust = thrust_policy<System>;

}  // namespace weft
