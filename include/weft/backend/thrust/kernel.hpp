#pragma once

#include "../../graph/primitives.hpp"
#include "../arguments.hpp"
#include "../chain.hpp"
#include "system.hpp"

namespace weft::thrust_backend {

/// The error of a primitive that a system has no kernel for; its arguments say which.
template <class System, class Primitive>
struct missing_kernel {
    static_assert(!sizeof(Primitive*), "weft: the thrust policy lacks a kernel for this primitive");
};

/// The kernel of a primitive: a specialisation in the file of its family, or in a user's program, with
///     template <class Chain, class System, class T>
///     static void run(const System& on, const graph::node& n, const arguments<T>& a, T* scratch)
/// which starts what computes the outputs and runs the chain over out[0], and if it needs scratch memory
///     template <class System>
///     static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch)    in numbers.
template <class Primitive>
struct kernel {
    template <class Chain, class System, class T>
    static void run(const System&, const graph::node&, const arguments<T>&, T*) {
        static_cast<void>(sizeof(missing_kernel<System, Primitive>));
    }
};

/// What tells the scratch memory that a primitive needs on a system, in numbers for a batch; null if none.
template <class System, class Primitive>
constexpr auto scratch_of() {
    using rule = std::size_t (*)(const graph::node&, int);
    if constexpr (requires(graph::node n) { kernel<Primitive>::template scratch<System>(n, 1); })
        return rule([](const graph::node& n, int batch) {
            return std::size_t(kernel<Primitive>::template scratch<System>(n, batch));
        });
    else
        return rule(nullptr);
}

}  // namespace weft::thrust_backend
