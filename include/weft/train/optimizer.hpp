#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "../core/error.hpp"

namespace weft {

/// How parameters follow their gradients. An optimizer is a plain value (hyperparameters as floats) with
/// - `static constexpr int slots`: how many numbers of state it keeps beside each parameter, all zero before
/// the
///   first step;
/// - `float learning_rate`: the base rate, which a schedule scales;
/// - `at<T>(step, learning_rate)`: the rule of one step (counted from 1) as a small trivially copyable
/// functor
///   that holds all per-step constants in T. It is called as `rule(parameter, gradient, state)` with
///   `V& parameter`, `const V& gradient` and `V* state` (`slots` values), where V is T itself or an array of
///   T with + - * / and, found by argument-dependent lookup, sqrt and abs. So one rule runs in a plain loop,
///   on SIMD packets and in a device kernel, and a step is one sweep over one flat buffer of parameters.
template <class O>
concept Optimizer = requires(const O optimizer, float& parameter, const float& gradient, float* state,
                             std::int64_t step) {
    requires O::slots >= 0;
    { optimizer.learning_rate } -> std::convertible_to<float>;
    optimizer.template at<float>(step, 1.0f)(parameter, gradient, state);
    requires std::is_trivially_copyable_v<decltype(optimizer.template at<float>(step, 1.0f))>;
};

/// One step of `optimizer` as a plain loop. `state` holds its slots one after another: slot k of parameter i
/// is state[k * params.size() + i]. `step` counts from 1. Raises weft::error where sizes disagree.
template <class T, Optimizer O>
void apply(const O& optimizer, std::span<T> params, std::span<const std::type_identity_t<T>> grads,
           std::span<std::type_identity_t<T>> state, std::int64_t step,
           std::type_identity_t<T> learning_rate) {
    const std::size_t n = params.size();
    if (grads.size() != n) {
        raise("cannot update parameters", "gradients",
              std::to_string(grads.size()) + " values for " + std::to_string(n) + " parameters");
    }
    if (state.size() != std::size_t(O::slots) * n) {
        raise("cannot update parameters", "optimizer state",
              std::to_string(state.size()) + " values; " + std::to_string(O::slots) + " for each of " +
                  std::to_string(n) + " parameters are needed");
    }
    const auto rule = optimizer.template at<T>(step, learning_rate);
    for (std::size_t i = 0; i < n; ++i) {
        T slots[O::slots > 0 ? O::slots : 1] = {};
        for (int k = 0; k < O::slots; ++k) slots[k] = state[std::size_t(k) * n + i];
        rule(params[i], grads[i], slots);
        for (int k = 0; k < O::slots; ++k) state[std::size_t(k) * n + i] = slots[k];
    }
}

namespace detail {

/// Refuses a hyperparameter outside [low, high) (and NaN).
inline void check_hyperparameter(const char* optimizer, const char* name, float value, float low,
                                 float high) {
    if (!(value >= low && value < high)) {
        raise("cannot train", optimizer,
              std::string(name) + " is " + std::to_string(value) + ", outside [" + std::to_string(low) +
                  ", " + std::to_string(high) + ")");
    }
}

/// Refuses a negative, infinite or undefined hyperparameter.
inline void check_hyperparameter(const char* optimizer, const char* name, float value) {
    if (!(value >= 0.0f && value <= 3.4028234e38f)) {
        raise("cannot train", optimizer,
              std::string(name) + " is " + std::to_string(value) + "; it must be zero or more, and finite");
    }
}

inline void check_step(const char* optimizer, std::int64_t step) {
    if (step < 1) raise("cannot train", optimizer, "steps count from 1, and this is " + std::to_string(step));
}

}  // namespace detail
}  // namespace weft
