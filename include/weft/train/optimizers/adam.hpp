#pragma once

#include <cmath>
#include <cstdint>

#include "../optimizer.hpp"

namespace weft {

/// One step of adam or adamw, bias corrections included; see Optimizer.
template <class T>
struct adam_rule {
    T step_size;         // rate / (1 - beta1^step)
    T mean_gain;         // 1 - beta1
    T square_decay;      // beta2
    T square_gain;       // 1 - beta2
    T square_root_bias;  // sqrt(1 - beta2^step)
    T epsilon;
    T l2;      // weight decay added to the gradient (adam)
    T shrink;  // factor on the parameter (adamw)

    template <class V>
    constexpr void operator()(V& parameter, const V& gradient, V* state) const {
        using std::sqrt;
        const V g = gradient + l2 * parameter;
        state[0] = state[0] + mean_gain * (g - state[0]);
        state[1] = square_decay * state[1] + square_gain * (g * g);
        const V root = sqrt(state[1]);
        const V denominator = root / square_root_bias + epsilon;
        parameter = shrink * parameter - step_size * (state[0] / denominator);
    }
};

namespace detail {

/// The rule that adam and adamw share; the constants are computed in double and rounded once.
template <class T, class O>
adam_rule<T> make_adam_rule(const char* name, const O& o, std::int64_t step, T rate, double l2,
                            double shrink) {
    o.check();
    check_step(name, step);
    const double bias1 = 1.0 - std::pow(double(o.beta1), double(step));
    const double bias2 = 1.0 - std::pow(double(o.beta2), double(step));
    return {T(double(rate) / bias1),
            T(1.0 - double(o.beta1)),
            T(o.beta2),
            T(1.0 - double(o.beta2)),
            T(std::sqrt(bias2)),
            T(o.epsilon),
            T(l2),
            T(shrink)};
}

template <class O>
void check_adam(const char* name, const O& o) {
    check_hyperparameter(name, "learning_rate", o.learning_rate);
    check_hyperparameter(name, "beta1", o.beta1, 0.0f, 1.0f);
    check_hyperparameter(name, "beta2", o.beta2, 0.0f, 1.0f);
    check_hyperparameter(name, "epsilon", o.epsilon);
    check_hyperparameter(name, "weight_decay", o.weight_decay);
}

}  // namespace detail

/// Adam, as torch.optim.Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015).
///   g = gradient + weight_decay p;   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2;
///   p = p - rate (m / (1 - beta1^t)) / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{.learning_rate = 3e-4f, .beta2 = 0.98f});
struct adam {
    float learning_rate = 1e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float weight_decay = 0.0f;

    static constexpr const char* kind = "adam";
    /// The running means of the gradient and of its square.
    static constexpr int slots = 2;

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    adam_rule<T> at(std::int64_t step, T rate) const {
        return detail::make_adam_rule("adam", *this, step, rate, double(weight_decay), 1.0);
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const { detail::check_adam("adam", *this); }
};

/// Adam with decoupled weight decay, as torch.optim.AdamW (Loshchilov and Hutter, "Decoupled weight decay
/// regularization", 2019): adam on the bare gradient, and p shrinks by the factor 1 - rate weight_decay
/// first.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adamw{.weight_decay = 0.05f});
struct adamw {
    float learning_rate = 1e-3f;
    float beta1 = 0.9f;
    float beta2 = 0.999f;
    float epsilon = 1e-8f;
    float weight_decay = 1e-2f;

    static constexpr const char* kind = "adamw";
    /// The running means of the gradient and of its square.
    static constexpr int slots = 2;

    /// The rule of step `step`, from 1, at `rate`. Raises weft::error for senseless hyperparameters.
    template <class T>
    adam_rule<T> at(std::int64_t step, T rate) const {
        return detail::make_adam_rule("adamw", *this, step, rate, 0.0,
                                      1.0 - double(rate) * double(weight_decay));
    }

    /// Raises weft::error where a hyperparameter makes no sense.
    void check() const { detail::check_adam("adamw", *this); }
};

}  // namespace weft
