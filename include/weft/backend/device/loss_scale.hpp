#pragma once

#include "../../config.hpp"

namespace weft::device {

/// What a loss is multiplied by, so that small gradients are not lost in half precision; the update divides
/// by it. Halved where a gradient overflows, doubled after so many updates without (Micikevicius et al.,
/// "Mixed precision training", 2018, with PyTorch's numbers). Always a power of two: scaling rounds nothing.
struct loss_scale {
    static constexpr float first = 65536, least = 1, most = 4294967296.f;
    static constexpr int patience = 2000;

    float now = first;
    float before = first;  ///< that of the gradients of the last update
    int clean = 0;         ///< updates since it changed

    /// After gradients that were all finite, or not.
    WEFT_DEVICE constexpr void follow(bool finite) {
        before = now;
        if (!finite) {
            if (now > least) now /= 2;
            clean = 0;
        } else if (++clean == patience) {
            if (now < most) now *= 2;
            clean = 0;
        }
    }
    /// Were gradients that are not finite the scale's fault, as far as one can tell?
    constexpr bool may_fall() const { return before > least; }
};

}  // namespace weft::device
