#pragma once

#include <cmath>
#include <cstdint>

#include "../optimizer.hpp"

namespace weft {

/// One step of adagrad; see Optimizer.
template <class T>
struct adagrad_rule {
    T rate, initial_sum, epsilon, weight_decay;

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::sqrt;
        const V g = gradient + weight_decay * parameter;
        state[0] = state[0] + g * g;
        const V sum = state[0] + initial_sum, root = sqrt(sum);
        parameter = parameter - rate * (g / (root + epsilon));
    }
};

/// Adagrad, as torch.optim.Adagrad (Duchi et al., "Adaptive subgradient methods for online learning and
/// stochastic optimization", 2011).
///   g = gradient + weight_decay p;   s = s + g^2;
///   p = p - rate / (1 + (t - 1) rate_decay) g / (sqrt(s + initial_sum) + epsilon)
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adagrad{.learning_rate = 0.05f});
struct adagrad {
    float learning_rate = 1e-2f;
    float rate_decay = 0.0f;  ///< PyTorch's lr_decay
    float weight_decay = 0.0f;
    float initial_sum = 0.0f;  ///< PyTorch's initial_accumulator_value
    float epsilon = 1e-10f;

    /// The sum of the squared gradients.
    static constexpr int slots = 1;
    static constexpr const char* kind = "adagrad";

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    adagrad_rule<T> at(std::int64_t step, T rate) const {
        check();
        detail::check_step("adagrad", step);
        return {T(double(rate) / (1.0 + double(step - 1) * double(rate_decay))), T(initial_sum), T(epsilon),
                T(weight_decay)};
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const {
        detail::check_hyperparameter("adagrad", "learning_rate", learning_rate);
        detail::check_hyperparameter("adagrad", "rate_decay", rate_decay);
        detail::check_hyperparameter("adagrad", "weight_decay", weight_decay);
        detail::check_hyperparameter("adagrad", "initial_sum", initial_sum);
        detail::check_hyperparameter("adagrad", "epsilon", epsilon);
    }
};

}  // namespace weft
