#pragma once

#include "../../graph/primitives.hpp"
#include "../arguments.hpp"

namespace weft::reference_backend {

/// The plain loops of a primitive: a specialisation in the file of its family, or in a user's program, with
///     template <class T> static constexpr void run(const Primitive& p, const arguments<T>& a)
/// which computes the outputs of `a.batch` samples.
template <class Primitive>
struct kernel;

template <class Primitive>
concept has_kernel = requires {
    sizeof(kernel<Primitive>);
};

}  // namespace weft::reference_backend
