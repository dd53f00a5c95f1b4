#pragma once

#include "../../core/math.hpp"
#include "../../graph/lower.hpp"
#include "../../graph/record.hpp"

/// The functions of one number and their derivatives, in forms that neither cancel nor overflow where the
/// papers' do. At plus and minus infinity they are the functions' limits; gelu, silu, mish and hard_swish are
/// 0 at minus infinity, where PyTorch's products give NaN.
namespace weft::reference_backend {

using graph::function;

template <class T>
constexpr T sigmoid_of(T x) {
    const T e = math::exp(x < 0 ? x : -x);
    return (x < 0 ? e : T(1)) / (T(1) + e);
}
/// Its derivative.
template <class T>
constexpr T sigmoid_slope_of(T x) {
    const T e = math::exp(x < 0 ? x : -x);
    return e / ((T(1) + e) * (T(1) + e));
}
/// x times what closes faster than x grows: 0 where that is 0, also for infinite x.
template <class T>
constexpr T gated(T x, T gate) {
    return gate == 0 ? T(0) : x * gate;
}
template <class T>
constexpr T softplus_of(T x) {
    return (x > 0 ? x : T(0)) + math::log1p(math::exp(x > 0 ? -x : x));
}

inline constexpr double selu_alpha = 1.6732632423543772848170429916717,
                        selu_scale = 1.0507009873554804934193349852946;
inline constexpr double gelu_k = 0.7978845608028653558798921198687, gelu_c = 0.044715;  // sqrt(2 / pi)

/// The normal distribution's P(X < x).
template <class T>
constexpr T normal_cdf_of(T x) {
    return math::erfc(x * T(-0.70710678118654752440)) / 2;
}
/// gelu_tanh's (1 + tanh(u)) / 2 is the sigmoid of 2 u, and this 2 u.
template <class T>
constexpr T gelu_inner_of(T x) {
    return T(2 * gelu_k) * (x + T(gelu_c) * x * x * x);
}

template <class F, class T>
constexpr T custom(T x, bool slope) {
    if constexpr (requires { F::slope(x); })
        return slope ? F::slope(x) : F::value(x);
    else
        return x;  // a primitive among what the network brings
}
/// The k-th of a network's own functions: its value at x, or its slope.
template <class T, class... F>
constexpr T custom_of(graph::primitive_list<F...>, int k, T x, bool slope) {
    using call = T (*)(T, bool);
    constexpr call functions[] = {&reference_backend::custom<F, T>..., nullptr};
    return functions[k](x, slope);
}

template <class Functions, class T>
constexpr T apply(function f, const std::int32_t (&bits)[2], T x) {
    const T p = T(from_bits(bits[0]));
    using enum function;
    switch (f) {
        case relu:
            return x <= 0 ? T(0) : x;  // keeps NaN, as PyTorch does
        case leaky_relu:
            return x > 0 ? x : p * x;
        case elu:
            return x > 0 ? x : p * math::expm1(x);
        case selu:
            return T(selu_scale) * (x > 0 ? x : T(selu_alpha) * math::expm1(x));
        case gelu:
            return gated(x, normal_cdf_of(x));
        case gelu_tanh:
            return gated(x, sigmoid_of(gelu_inner_of(x)));
        case silu:
            return gated(x, sigmoid_of(x));
        case mish:
            return gated(x, math::tanh(softplus_of(x)));
        case hard_swish:
            return x <= -3 ? T(0) : x >= 3 ? x : x * (x + 3) / 6;
        case sigmoid:
            return sigmoid_of(x);
        case tanh:
            return math::tanh(x);
        case softplus:
            return softplus_of(x);
        case exp:
            return math::exp(x);
        case log:
            return math::log(x);
        case square:
            return x * x;
        case sqrt:
            return math::sqrt(x);
        case abs:
            return x < 0 ? -x : x;
        case huber: {
            const T a = x < 0 ? -x : x;
            return a <= p ? x * x / 2 : p * (a - p / 2);
        }
        case custom:
            return custom_of(Functions{}, bits[1], x, false);
        default:
            return x;
    }
}

/// f' from f's result y.
template <class T>
constexpr T slope_from_y(function f, const std::int32_t (&bits)[2], T y) {
    const T p = T(from_bits(bits[0]));
    using enum function;
    switch (f) {
        case relu:
            return y > 0 ? T(1) : T(0);
        case leaky_relu:
            return y > 0 ? T(1) : p;
        case elu:
            return y > 0 ? T(1) : y + p;
        case selu:
            return y > 0 ? T(selu_scale) : y + T(selu_scale * selu_alpha);
        case sigmoid:
            return y * (1 - y);
        case tanh:
            return 1 - y * y;
        case exp:
            return y;
        case sqrt:
            return T(0.5) / y;
        default:
            return T(1);
    }
}

/// f' from f's argument x.
template <class Functions, class T>
constexpr T slope_from_x(function f, const std::int32_t (&bits)[2], T x) {
    const T p = T(from_bits(bits[0]));
    using enum function;
    switch (f) {
        case leaky_relu:
            return x > 0 ? T(1) : p;
        case elu:
            return x > 0 ? T(1) : p * math::exp(x);
        case gelu:
            return normal_cdf_of(x) + gated(x, T(0.39894228040143267794) * math::exp(-x * x / 2));
        case gelu_tanh: {
            const T u = gelu_inner_of(x), s = sigmoid_slope_of(u);
            return sigmoid_of(u) + gated(T(2 * gelu_k) * (1 + 3 * T(gelu_c) * x * x), gated(x, s));
        }
        case silu:
            return sigmoid_of(x) + gated(x, sigmoid_slope_of(x));
        case mish: {
            const T t = math::tanh(softplus_of(x));
            return t + gated(x, (1 - t * t) * sigmoid_of(x));
        }
        case hard_swish:
            return x <= -3 ? T(0) : x >= 3 ? T(1) : (2 * x + 3) / 6;
        case softplus:
            return sigmoid_of(x);
        case log:
            return 1 / x;
        case square:
            return 2 * x;
        case abs:
            return x > 0 ? T(1) : x < 0 ? T(-1) : T(0);
        case huber:
            return x > p ? p : x < -p ? -p : x;
        case custom:
            return custom_of(Functions{}, bits[1], x, true);
        default:
            return T(1);
    }
}

}  // namespace weft::reference_backend
