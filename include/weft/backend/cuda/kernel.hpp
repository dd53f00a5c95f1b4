#pragma once

#include <cstddef>

#include "../../graph/primitives.hpp"
#include "../arguments.hpp"

namespace weft::cuda_backend {

/// The error of a primitive that a device has no kernel for; its arguments say which.
template <class Device, class Primitive>
struct missing_kernel {
    static_assert(!sizeof(Primitive*), "weft: the cuda policy lacks a kernel for this primitive");
};

/// The kernel of a primitive: a specialisation in the file of its family, or in a user's program, with
///     template <class Chain, class Device, class T>
///     static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch)
/// which starts what computes the outputs and runs the chain over out[0], and if it needs scratch memory
///     template <class T>
///     static std::size_t scratch(const graph::node& n, int capacity)
/// the most numbers for batches up to a capacity.
template <class Primitive>
struct kernel {
    template <class Chain, class Device, class T>
    static void run(const Device&, const graph::node&, const arguments<T>&, T*) {
        static_cast<void>(sizeof(missing_kernel<Device, Primitive>));
    }
};

/// What tells the scratch memory that a primitive needs; null if it needs none.
template <class Primitive, class T>
constexpr auto scratch_of() {
    using rule = std::size_t (*)(const graph::node&, int);
    if constexpr (requires(graph::node n) { kernel<Primitive>::template scratch<T>(n, 1); })
        return rule(&kernel<Primitive>::template scratch<T>);
    else
        return rule(nullptr);
}

}  // namespace weft::cuda_backend
