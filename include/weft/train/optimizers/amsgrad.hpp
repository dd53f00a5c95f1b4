#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "adam.hpp"

namespace weft {

/// One step of amsgrad; see Optimizer.
template <class T>
struct amsgrad_rule {
    adam_rule<T> as_adam;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::max;
        using std::sqrt;
        const adam_rule<T>& a = as_adam;
        const V g = gradient + a.l2 * parameter;
        state[0] = state[0] + a.mean_gain * (g - state[0]);
        state[1] = a.square_decay * state[1] + a.square_gain * (g * g);
        state[2] = max(state[2], state[1]);
        const V root = sqrt(state[2]);
        const V denominator = root / a.square_root_bias + a.epsilon;
        parameter = a.shrink * parameter - a.step_size * (state[0] / denominator);
    }
};

/// Adam with the largest v so far in v's place, as torch.optim.Adam and AdamW with amsgrad (Reddi et al., "On
/// the convergence of Adam and beyond", 2018). A type of its own and no option of adam, which so need not
/// keep a third number beside each parameter.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, amsgrad{.beta2 = 0.99f});
struct amsgrad {
    float learning_rate = 1e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float weight_decay = 0.0f;
    bool decoupled_weight_decay =
        false;  ///< shrinks parameters as adamw does, instead of a part of the gradient

    /// The running means of the gradient and of its square, and the largest of the latter.
    static constexpr int slots = 3;
    static constexpr const char* kind = "amsgrad";

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    amsgrad_rule<T> at(std::int64_t step, T rate) const {
        const double decay = double(weight_decay);
        return {detail::make_adam_rule("amsgrad", *this, step, rate, decoupled_weight_decay ? 0.0 : decay,
                                       decoupled_weight_decay ? 1.0 - double(rate) * decay : 1.0)};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const { detail::check_adam("amsgrad", *this); }
};

}  // namespace weft
