#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "../core/error.hpp"
#include "clip.hpp"

namespace weft {

/// How parameters follow their gradients: an optimiser is a plain value, hyperparameters as floats, with what
/// the listing shows. `slots` numbers of state beside each parameter are zero before the first step;
/// schedules scale `learning_rate`; `at<T>(step, learning_rate)` is the rule of one step (counted from 1), a
/// small trivially copyable functor that holds all per-step constants in T. It is called with `V& parameter`,
/// `const V& gradient` and `V* state`, where V is T itself or an array of T with + - * / and, found by
/// argument-dependent lookup, sqrt, abs and max. So one rule runs in a plain loop, on SIMD packets and in a
/// device kernel, and a step is one sweep over one flat buffer of parameters. Does not compile in a trainer
/// where one of these is missing.
///
/// If it likes, an optimiser has `static constexpr const char* kind`, its name: a checkpoint with its numbers
/// then loads into no other. One whose steps depend on norms of whole tensors (lamb) has `whole_tensor`,
/// true, and its rule turns the parameter that it is given, a copy, into the direction of its step; the
/// parameter then goes that way by `rule.length(norm of the tensor's parameters, norm of its directions)`. On
/// the host only.
///
///     struct signs_rule {
///         float rate;
///         template <class V>
///         constexpr void operator()(V& parameter, const V& gradient, V* mean) const {
///             using std::abs;
///             mean[0] = 0.9f * mean[0] + 0.1f * gradient;
///             const V size = abs(mean[0]);
///             parameter = parameter - rate * mean[0] / (size + 1e-12f);
///         }
///     };
///     struct signs {
///         float learning_rate = 1e-3f;
///         static constexpr int slots = 1;
///         template <class T>
///         signs_rule at(std::int64_t, T rate) const {
///             return {float(rate)};
///         }
///     };
///     static_assert(Optimizer<signs>);
template <class O>
concept Optimizer = requires(const O optimizer, float& parameter, const float& gradient, float* state,
                             std::int64_t step) {
    requires O::slots >= 0;
    { optimizer.learning_rate } -> std::convertible_to<float>;
    optimizer.template at<float>(step, 1.0f)(parameter, gradient, state);
    requires std::is_trivially_copyable_v<decltype(optimizer.template at<float>(step, 1.0f))>;
};

namespace detail {

/// Does an optimizer's step depend on norms of whole tensors?
template <class O>
inline constexpr bool is_whole_tensor = false;
template <class O>
requires(O::whole_tensor) inline constexpr bool is_whole_tensor<O> = true;

}  // namespace detail

/// One step of `optimizer` as a plain loop; a whole-tensor one takes all parameters for one tensor. `state`
/// holds its slots one after another: slot k of parameter i is state[k * params.size() + i]. `step` counts
/// from 1. Raises weft::error where sizes disagree.
///
///     std::vector<float> parameters(10, 1), gradients(10, 0.5f), state(10 * adam::slots);
///     apply<float>(adam{}, parameters, gradients, state, 1, 1e-3f);
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
    std::vector<T> directions(detail::is_whole_tensor<O> ? n : 0);
    for (std::size_t i = 0; i < n; ++i) {
        T slots[O::slots > 0 ? O::slots : 1] = {};
        for (int k = 0; k < O::slots; ++k) slots[k] = state[std::size_t(k) * n + i];
        if constexpr (detail::is_whole_tensor<O>)
            rule(directions[i] = params[i], grads[i], slots);
        else
            rule(params[i], grads[i], slots);
        for (int k = 0; k < O::slots; ++k) state[std::size_t(k) * n + i] = slots[k];
    }
    if constexpr (detail::is_whole_tensor<O>) {
        const T length =
            rule.length(global_norm(std::span<const T>(params)), global_norm(std::span<const T>(directions)));
        for (std::size_t i = 0; i < n; ++i) params[i] = params[i] - length * directions[i];
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
