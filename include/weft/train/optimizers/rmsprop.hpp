#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "../optimizer.hpp"

namespace weft {

/// One step of rmsprop; see Optimizer.
template <class T>
struct rmsprop_rule {
    T learning_rate, alpha, gain, epsilon, weight_decay, momentum;
    bool centered;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::abs;
        using std::sqrt;
        const V g = gradient + weight_decay * parameter;
        state[0] = alpha * state[0] + gain * (g * g);
        V variance = state[0];
        if (centered) {
            state[1] = state[1] + gain * (g - state[1]);
            variance = variance - state[1] * state[1];
            // A steady gradient leaves a variance of zero, which rounding can take below: clamp it.
            const V size = abs(variance);
            variance = T(0.5) * (variance + size);
        }
        const V root = sqrt(variance);
        V update = g / (root + epsilon);
        if (momentum != T(0)) {
            state[2] = momentum * state[2] + update;
            update = state[2];
        }
        parameter = parameter - learning_rate * update;
    }
};

/// RMSprop, as torch.optim.RMSprop (Hinton's lecture 6e; centered: Graves, "Generating sequences with
/// recurrent neural networks", 2013).
///   g = gradient + weight_decay p;   v = alpha v + (1 - alpha) g^2;   centered: v - mean(g)^2 for v below;
///   b = momentum b + g / (sqrt(v) + epsilon);   p = p - rate b
/// A centered variance that rounding takes below zero counts as zero (PyTorch's gives NaN).
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, rmsprop{.learning_rate = 1e-3f, .momentum = 0.9f});
struct rmsprop {
    float learning_rate = 1e-2f;
    float alpha = 0.99f;
    float epsilon = 1e-8f;
    float weight_decay = 0.0f;
    float momentum = 0.0f;
    bool centered = false;

    static constexpr const char* kind = "rmsprop";
    /// The running means of the squared gradient and of the gradient, and the momentum buffer.
    static constexpr int slots = 3;

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    rmsprop_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("rmsprop", step);
        return {rate, T(alpha), T(1.0 - double(alpha)), T(epsilon), T(weight_decay), T(momentum), centered};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const {
        detail::check_hyperparameter("rmsprop", "learning_rate", learning_rate);
        detail::check_hyperparameter("rmsprop", "alpha", alpha, 0.0f, 1.0f);
        detail::check_hyperparameter("rmsprop", "epsilon", epsilon);
        detail::check_hyperparameter("rmsprop", "weight_decay", weight_decay);
        detail::check_hyperparameter("rmsprop", "momentum", momentum);
    }
};

}  // namespace weft
