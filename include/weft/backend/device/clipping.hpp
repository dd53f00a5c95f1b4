#pragma once

#include <cmath>

#include "../../config.hpp"

namespace weft::device {

/// Is a gradient no finite number?
template <class T>
WEFT_DEVICE constexpr bool is_broken(T gradient) {
    return !(gradient - gradient == T(0));
}

/// What all gradients are multiplied by, so that the root of the sum of their squares stays below a limit;
/// one that is 0 limits nothing. As clip_by_norm on the host.
WEFT_DEVICE inline double norm_factor(float limit, double sum_of_squares) {
    if (!(limit > 0)) return 1;
    using std::sqrt;
    const double factor = double(limit) / (sqrt(sum_of_squares) + 1e-6);
    return factor < 1 ? factor : 1;
}

/// A gradient between -limit and limit; a limit that is 0 limits nothing. As clip_by_value on the host.
template <class T>
WEFT_DEVICE constexpr T limited(T gradient, T limit) {
    if (!(limit > T(0))) return gradient;
    return gradient > limit ? limit : gradient < -limit ? -limit : gradient;
}

}  // namespace weft::device
