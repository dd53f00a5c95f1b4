#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../graph/record.hpp"

namespace weft {

/// What a policy computes with, for its member `scalar`.
template <class T>
struct scalar_of_policy {
    static_assert(std::is_floating_point_v<T>,
                  "weft: a policy computes with floating-point numbers: float or double");
    using type = T;
};

/// What one operation works on: the memory of its inputs, outputs and step operands, in the order of its
/// record. Absent ones are null.
template <class T>
struct arguments {
    const T* in[graph::max_inputs] = {};
    T* out[graph::max_outputs] = {};
    T* operand[graph::max_steps] = {};
    int batch = 1;
    std::uint64_t seed = 0, step = 0;  ///< for dropout: the model's seed and the number of the training step
    const std::uint64_t* clock = nullptr;  ///< or the address of both in a device's memory
};

}  // namespace weft
