#pragma once

#include <cmath>
#include <cstdint>

#include "adam.hpp"

namespace weft {

/// One step of nadam; see Optimizer.
template <class T>
struct nadam_rule {
    T gradient_step;     // rate (1 - mu) / (1 - product of all mu)
    T mean_step;         // rate next mu / (1 - product of all mu, the next included)
    T mean_gain;         // 1 - beta1
    T square_decay;      // beta2
    T square_gain;       // 1 - beta2
    T square_root_bias;  // sqrt(1 - beta2^step)
    T epsilon;
    T l2;      // weight decay added to the gradient
    T shrink;  // factor on the parameter

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::sqrt;
        const V g = gradient + l2 * parameter;
        state[0] = state[0] + mean_gain * (g - state[0]);
        state[1] = square_decay * state[1] + square_gain * (g * g);
        const V root = sqrt(state[1]);
        const V denominator = root / square_root_bias + epsilon;
        parameter = shrink * parameter - (gradient_step * g + mean_step * state[0]) / denominator;
    }
};

/// Adam with Nesterov's momentum, as torch.optim.NAdam (Dozat, "Incorporating Nesterov momentum into Adam",
/// 2016). Its m and v are adam's.
///   mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);   P_t = mu_1 … mu_t;
///   d = sqrt(v) / sqrt(1 - beta2^t) + epsilon;
///   p = p - rate ((1 - mu_t) g / (1 - P_t) + mu_{t+1} m / (1 - P_{t+1})) / d
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, nadam{});
struct nadam {
    float learning_rate = 2e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float weight_decay = 0.0f;
    float momentum_decay = 4e-3f;
    bool decoupled_weight_decay =
        false;  ///< shrinks parameters as adamw does, instead of a part of the gradient

    /// The running means of the gradient and of its square.
    static constexpr int slots = 2;
    static constexpr const char* kind = "nadam";

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    nadam_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("nadam", step);
        const double product = product_of_momenta(step), next = momentum(step + 1);
        const double decay = double(weight_decay);
        return {T(double(rate) * (1.0 - momentum(step)) / (1.0 - product)),
                T(double(rate) * next / (1.0 - product * next)),
                T(1.0 - double(beta1)),
                T(beta2),
                T(1.0 - double(beta2)),
                T(std::sqrt(1.0 - std::pow(double(beta2), double(step)))),
                T(epsilon),
                T(decoupled_weight_decay ? 0.0 : decay),
                T(decoupled_weight_decay ? 1.0 - double(rate) * decay : 1.0)};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const {
        detail::check_adam("nadam", *this);
        detail::check_hyperparameter("nadam", "momentum_decay", momentum_decay);
    }

private:
    double momentum(std::int64_t step) const {
        return double(beta1) * (1.0 - 0.5 * std::pow(0.96, double(step) * double(momentum_decay)));
    }
    /// PyTorch keeps it beside the parameters; it is soon too small to matter, so that few steps make it.
    double product_of_momenta(std::int64_t step) const {
        const double base = std::pow(0.96, double(momentum_decay));
        double product = 1.0, power = 1.0;
        for (std::int64_t t = 1; t <= step && product > 1e-20; ++t)
            product *= double(beta1) * (1.0 - 0.5 * (power *= base));
        return product;
    }
};

}  // namespace weft
