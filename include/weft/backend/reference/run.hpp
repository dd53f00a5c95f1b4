#pragma once

#include "elementwise.hpp"
// after it
// clang-format off
#define WEFT_FAMILY(family) WEFT_TEXT(../../backend/reference/family.hpp)
// clang-format on
#include "../../graph/primitives/list.hpp"

namespace weft::reference_backend {

/// The error of a primitive without plain loops.
template <class Primitive>
struct missing_kernel {
    static_assert(!sizeof(Primitive*), "weft: the reference policy lacks a kernel for this primitive");
};

/// One operation and its steps, over the whole batch.
template <class Primitive, class Functions, class T>
constexpr void run(const graph::node& n, const arguments<T>& a) {
    if constexpr (has_kernel<Primitive>) {
        kernel<Primitive>::run(n.as<Primitive>(), a);
        run_steps<Functions>(n, a);
    } else {
        static_cast<void>(sizeof(missing_kernel<Primitive>));
    }
}

}  // namespace weft::reference_backend
