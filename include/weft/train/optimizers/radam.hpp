#pragma once

#include <cmath>
#include <cstdint>

#include "adam.hpp"

namespace weft {

/// One step of radam; see Optimizer.
template <class T>
struct radam_rule {
    T step_size;     // rate / (1 - beta1^step), and, where rectified, rectification sqrt(1 - beta2^step)
    T mean_gain;     // 1 - beta1
    T square_decay;  // beta2
    T square_gain;   // 1 - beta2
    T epsilon;
    T l2;      // weight decay added to the gradient
    T shrink;  // factor on the parameter
    bool rectified;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::sqrt;
        const V g = gradient + l2 * parameter;
        state[0] = state[0] + mean_gain * (g - state[0]);
        state[1] = square_decay * state[1] + square_gain * (g * g);
        V update = state[0];
        if (rectified) {
            const V root = sqrt(state[1]);
            update = update / (root + epsilon);
        }
        parameter = shrink * parameter - step_size * update;
    }
};

/// Rectified adam, as torch.optim.RAdam (Liu et al., "On the variance of the adaptive learning rate and
/// beyond", 2020). Its m and v are adam's; the first steps, while v says too little, follow m alone, and
/// later ones are shortened by the rectification that the paper derives from t and beta2.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, radam{});
struct radam {
    float learning_rate = 1e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float weight_decay = 0.0f;
    bool decoupled_weight_decay =
        false;  ///< shrinks parameters as adamw does, instead of a part of the gradient

    /// The running means of the gradient and of its square.
    static constexpr int slots = 2;
    static constexpr const char* kind = "radam";

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    radam_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("radam", step);
        const double t = double(step), last = std::pow(double(beta2), t), bias2 = 1.0 - last;
        const double most = 2.0 / (1.0 - double(beta2)) - 1.0, length = most - 2.0 * t * last / bias2;
        const bool rectified = length > 5.0;
        double size = double(rate) / (1.0 - std::pow(double(beta1), t));
        if (rectified)
            size *= std::sqrt((length - 4.0) * (length - 2.0) * most /
                              ((most - 4.0) * (most - 2.0) * length) * bias2);
        const double decay = double(weight_decay);
        return {T(size),
                T(1.0 - double(beta1)),
                T(beta2),
                T(1.0 - double(beta2)),
                T(epsilon),
                T(decoupled_weight_decay ? 0.0 : decay),
                T(decoupled_weight_decay ? 1.0 - double(rate) * decay : 1.0),
                rectified};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const { detail::check_adam("radam", *this); }
};

}  // namespace weft
