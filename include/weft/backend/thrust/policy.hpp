#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "resources.hpp"

namespace weft {

/// Runs a network with Thrust's algorithms on one of its systems: weft::cpp, weft::omp or weft::tbb, and in
/// programs built with nvcc weft::cuda_system. The same seed gives the same bits for every number of threads.
/// Scalar is float or double.
template <class System, class Scalar = float>
struct thrust_policy {
    using scalar = typename scalar_of_policy<Scalar>::type;
    using memory = typename System::memory;
    static constexpr const char* name = System::name;

    using resources = std::conditional_t<memory::on_host, thrust_backend::host_resources<System, Scalar>,
                                         thrust_backend::device_resources<System, Scalar>>;
    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<typename Program::template primitive<Program::graph.nodes[I].op>, chain_of<Program, I>>;
    }

    template <class Primitive>
    static constexpr auto scratch_of() {
        return thrust_backend::scratch_of<System, Primitive>();
    }

    /// On the host: the optimiser's rule over n parameters; slot k of parameter i is state[k * stride + i].
    template <int Slots, class Rule>
    static void update(const Rule& rule, std::size_t n, Scalar* parameters, const Scalar* gradients,
                       Scalar* state, std::size_t stride) {
        const pieces all{System::elements,      std::ptrdiff_t(n), parameters, gradients, state,
                         std::ptrdiff_t(stride)};
        thrust_backend::for_each_index(System(), all.count(), all.piece,
                                       thrust_backend::update_pieces<Slots, Rule, Scalar>{rule, all});
    }
    /// On a device: starts the rule that the resources hold, unless a gradient is not finite; with a limit
    /// that is not 0, gradients are clipped first.
    template <int Slots, class Rule>
    static void update_if_finite(resources& r, float value_limit, float norm_limit, std::size_t n,
                                 typename memory::template pointer<Scalar> parameters,
                                 typename memory::template pointer<Scalar> gradients,
                                 typename memory::template pointer<Scalar> state) {
        r.template update<Slots, Rule>(value_limit, norm_limit,
                                       pieces{System::elements, std::ptrdiff_t(n), address_of(parameters),
                                              address_of(gradients), address_of(state), std::ptrdiff_t(n)});
    }

    /// No program is one kernel.
    template <class Program>
    static constexpr bool runs_whole() {
        return false;
    }
    template <class Program>
    static constexpr std::int64_t whole_scratch(int) {
        return 0;
    }

private:
    using pieces = thrust_backend::parameter_pieces<Scalar>;

    template <class Primitive, class Chain>
    static void run(const graph::node& n, const arguments<Scalar>& a, resources& r) {
        arguments<Scalar> timed = a;
        r.prepare(Primitive::name, timed);
        thrust_backend::kernel<Primitive>::template run<Chain>(r.device, n, timed, r.scratch());
    }
};

/// Thrust on a system, float: thrust<omp>.
template <class System>
using thrust = thrust_policy<System>;

}  // namespace weft
