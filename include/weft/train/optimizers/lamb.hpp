#pragma once

#include <cmath>
#include <cstdint>

#include "adam.hpp"

namespace weft {

/// One step of lamb: the parameter becomes the direction of its step; see Optimizer.
template <class T>
struct lamb_rule {
    T rate;
    T mean_gain;         // 1 - beta1
    T mean_bias;         // 1 - beta1^step
    T square_decay;      // beta2
    T square_gain;       // 1 - beta2
    T square_root_bias;  // sqrt(1 - beta2^step)
    T epsilon;
    T weight_decay;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::sqrt;
        state[0] = state[0] + mean_gain * (gradient - state[0]);
        state[1] = square_decay * state[1] + square_gain * (gradient * gradient);
        const V root = sqrt(state[1]);
        const V denominator = root / square_root_bias + epsilon;
        parameter = weight_decay * parameter + state[0] / mean_bias / denominator;
    }
    /// How far the tensor goes in that direction.
    T length(double parameter_norm, double direction_norm) const {
        const bool both = parameter_norm > 0.0 && direction_norm > 0.0;
        return both ? T(double(rate) * (parameter_norm / direction_norm)) : rate;
    }
};

/// Adam whose steps are as long as the tensor's own norm says, for large batches (You et al., "Large batch
/// optimization for deep learning: training BERT in 76 minutes", 2020), tensor by tensor.
///   u = (m / (1 - beta1^t)) / (sqrt(v) / sqrt(1 - beta2^t) + epsilon) + weight_decay p;
///   p = p - rate |p| / |u| u         (a norm of 0: p - rate u)
///
/// It looks at whole tensors: on the host only. Does not compile on a device.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, lamb{.learning_rate = 0.01f});
struct lamb {
    float learning_rate = 1e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-6f;
    float weight_decay = 1e-2f;

    /// The running means of the gradient and of its square.
    static constexpr int slots = 2;
    static constexpr const char* kind = "lamb";
    static constexpr bool whole_tensor = true;

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    lamb_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("lamb", step);
        return {rate,       T(1.0 - double(beta1)), T(1.0 - std::pow(double(beta1), double(step))),
                T(beta2),   T(1.0 - double(beta2)), T(std::sqrt(1.0 - std::pow(double(beta2), double(step)))),
                T(epsilon), T(weight_decay)};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const { detail::check_adam("lamb", *this); }
};

}  // namespace weft
