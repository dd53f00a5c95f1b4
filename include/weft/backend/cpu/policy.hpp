#pragma once

#include <algorithm>
#include <cstddef>

#include "../../core/buffer.hpp"
#include "kernel.hpp"

namespace weft {

/// The number of threads of a CPU policy, the calling one included.
template <int Count>
struct threads {
    static_assert(Count >= 1, "weft: a policy has at least one thread");
    static constexpr int count = Count;
};

/// Runs a network on the CPU with Eigen's packets. The same seed gives the same bits for every number of
/// threads. Scalar is float or double.
template <class Scalar = float, class Threads = threads<1>>
struct cpu_policy {
    using scalar = Scalar;
    static constexpr const char* name = "cpu";

    /// What a workspace holds beside its arena: scratch memory for packing.
    struct resources {
        buffer<Scalar> scratch;

        template <class Nodes>
        resources(const Nodes& nodes, int count, int capacity) {
            std::size_t most = 0;
            for (int i = 0; i < count; ++i)
                most = std::max(
                    most, cpu_backend::scratch_of<Scalar>(nodes[std::size_t(i)], capacity, Threads::count));
            scratch = buffer<Scalar>(most);
            team();
        }
    };
    /// Does an operation run with the reference's plain loops?
    static constexpr bool falls_back(graph::opcode op) { return cpu_backend::falls_back(op); }

    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<Program::graph.nodes[I].op, chain_of<Program, I>>;
    }

    /// The optimiser's rule in one sweep, a packet at a time; slot k of parameter i is state[k * n + i].
    template <int Slots, class Rule>
    static void update(const Rule& rule, std::size_t n, Scalar* parameters, const Scalar* gradients,
                       Scalar* state) {
        sweep<Slots, Rule> all{rule, n, parameters, gradients, state};
        team().run(int((n + sweep_size - 1) / sweep_size), &sweep<Slots, Rule>::part, &all);
    }

    /// The threads of all workspaces with this policy, started at first use.
    static const cpu_backend::thread_team& team() {
        static const cpu_backend::thread_team shared(Threads::count);
        return shared;
    }

private:
    static constexpr std::size_t sweep_size = 16384;

    template <graph::opcode Op, class Chain>
    static void run(const graph::node& n, const arguments<Scalar>& a, resources& r) {
        cpu_backend::run<Op, Chain>(n, a, cpu_backend::context<Scalar>{&team(), r.scratch.data()});
    }

    template <int Slots, class Rule>
    struct sweep {
        const Rule& rule;
        std::size_t n;
        Scalar *parameters, *state;
        const Scalar* gradients;

        sweep(const Rule& r, std::size_t count, Scalar* p, const Scalar* g, Scalar* s)
            : rule(r), n(count), parameters(p), state(s), gradients(g) {}

        static void part(void* self, int index) {
            const sweep& s = *static_cast<const sweep*>(self);
            using pack = Eigen::Array<Scalar, 16, 1>;
            const std::size_t first = std::size_t(index) * sweep_size,
                              last = std::min(s.n, first + sweep_size);
            std::size_t i = first;
            for (; i + 16 <= last; i += 16) {
                pack slots[Slots ? Slots : 1];
                for (std::size_t k = 0; k < Slots; ++k)
                    slots[k] = Eigen::Map<const pack>(s.state + k * s.n + i);
                pack p = Eigen::Map<const pack>(s.parameters + i);
                const pack g = Eigen::Map<const pack>(s.gradients + i);
                s.rule(p, g, slots);
                Eigen::Map<pack>(s.parameters + i) = p;
                for (std::size_t k = 0; k < Slots; ++k) Eigen::Map<pack>(s.state + k * s.n + i) = slots[k];
            }
            for (; i < last; ++i) {
                Scalar slots[Slots ? Slots : 1] = {};
                for (std::size_t k = 0; k < Slots; ++k) slots[k] = s.state[k * s.n + i];
                s.rule(s.parameters[i], s.gradients[i], slots);
                for (std::size_t k = 0; k < Slots; ++k) s.state[k * s.n + i] = slots[k];
            }
        }
    };
};

/// One thread, float.
using cpu = cpu_policy<>;

}  // namespace weft
