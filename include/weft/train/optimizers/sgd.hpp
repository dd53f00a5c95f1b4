#pragma once

#include <cstdint>

#include "../optimizer.hpp"

namespace weft {

/// One step of sgd; see Optimizer.
template <class T>
struct sgd_rule {
    T learning_rate, momentum, gain, weight_decay;
    bool nesterov;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        V g = gradient + weight_decay * parameter;
        if (momentum != T(0)) {
            state[0] = momentum * state[0] + gain * g;
            if (nesterov) {
                g = g + momentum * state[0];
            } else {
                g = state[0];
            }
        }
        parameter = parameter - learning_rate * g;
    }
};

/// Stochastic gradient descent with momentum, as torch.optim.SGD.
///   g = gradient + weight_decay p;   m = momentum m + (1 - dampening) g   (m = g in the first step);
///   p = p - rate m                   (Nesterov: p - rate (g + momentum m); without momentum: p - rate g)
/// Nesterov: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy,
///         sgd{.learning_rate = 0.1f, .momentum = 0.9f, .nesterov = true});
struct sgd {
    float learning_rate = 1e-2f;
    float momentum = 0.0f;
    float dampening = 0.0f;
    float weight_decay = 0.0f;
    bool nesterov = false;

    static constexpr const char* kind = "sgd";
    /// The momentum buffer.
    static constexpr int slots = 1;

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    sgd_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("sgd", step);
        return {rate, T(momentum), step == 1 ? T(1) : T(1.0 - double(dampening)), T(weight_decay), nesterov};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const {
        detail::check_hyperparameter("sgd", "learning_rate", learning_rate);
        detail::check_hyperparameter("sgd", "momentum", momentum);
        detail::check_hyperparameter("sgd", "weight_decay", weight_decay);
        if (dampening != dampening) raise("cannot train", "sgd", "dampening is not a number");
        if (nesterov && (momentum == 0.0f || dampening != 0.0f)) {
            raise("cannot train", "sgd", "nesterov needs a momentum and no dampening");
        }
    }
};

}  // namespace weft
