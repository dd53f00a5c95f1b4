#pragma once

#include "../../core/real.hpp"
#include "../expression.hpp"
#include "../options.hpp"

namespace weft {

/// The activations that weft knows by name; each works on any shape, number by number.
enum class activation_kind : unsigned char {
    relu,
    leaky_relu,
    elu,
    selu,
    gelu,
    gelu_tanh,
    silu,
    mish,
    hard_swish,
    sigmoid,
    tanh,
    softplus
};

template <activation_kind Kind, real Parameter = 0.>
struct activation_layer : layer_base {
    static constexpr const char* kind = [] {
        constexpr const char* names[] = {"relu", "leaky_relu", "elu",        "selu",    "gelu", "gelu_tanh",
                                         "silu", "mish",       "hard_swish", "sigmoid", "tanh", "softplus"};
        return names[int(Kind)];
    }();
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.activation(Kind, x, Parameter.value());
    }
};

// Short names, since the compiler prints types.
struct relu_layer : activation_layer<activation_kind::relu> {};
struct selu_layer : activation_layer<activation_kind::selu> {};
struct gelu_layer : activation_layer<activation_kind::gelu> {};
struct gelu_tanh_layer : activation_layer<activation_kind::gelu_tanh> {};
struct silu_layer : activation_layer<activation_kind::silu> {};
struct mish_layer : activation_layer<activation_kind::mish> {};
struct hard_swish_layer : activation_layer<activation_kind::hard_swish> {};
struct sigmoid_layer : activation_layer<activation_kind::sigmoid> {};
struct tanh_layer : activation_layer<activation_kind::tanh> {};
struct softplus_layer : activation_layer<activation_kind::softplus> {};

/// max(x, 0)
inline constexpr relu_layer relu{};
/// x, or slope * x below zero
template <real Slope = 0.01>
inline constexpr activation_layer<activation_kind::leaky_relu, Slope> leaky_relu_with{};
inline constexpr auto leaky_relu = leaky_relu_with<0.01>;
/// x, or alpha * (exp(x) - 1) below zero (Clevert et al., 2015)
template <real Alpha = 1.>
inline constexpr activation_layer<activation_kind::elu, Alpha> elu_with{};
inline constexpr auto elu = elu_with<1.>;
/// Scaled elu (Klambauer et al., 2017)
inline constexpr selu_layer selu{};
/// x * Phi(x), exact (Hendrycks and Gimpel, 2016)
inline constexpr gelu_layer gelu{};
/// gelu by its tanh approximation
inline constexpr gelu_tanh_layer gelu_tanh{};
/// x * sigmoid(x), also called swish
inline constexpr silu_layer silu{};
/// x * tanh(softplus(x)) (Misra, 2019)
inline constexpr mish_layer mish{};
/// x * clamp(x + 3, 0, 6) / 6 (Howard et al., 2019)
inline constexpr hard_swish_layer hard_swish{};
inline constexpr sigmoid_layer sigmoid{};
inline constexpr tanh_layer tanh{};
/// log(1 + exp(x))
inline constexpr softplus_layer softplus{};

namespace detail {

template <class F>
concept HasValueAndSlope = requires(float x) {
    { F::value(x) } -> std::convertible_to<float>;
    { F::slope(x) } -> std::convertible_to<float>;
};

}  // namespace detail

/// A user's own activation: F has
///   template <class T> static constexpr T value(T x);
///   template <class T> static constexpr T slope(T x);   its derivative at x
template <class F>
struct custom_activation_layer : layer_base {
    using functions = F;
    static constexpr const char* kind = "activation";
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.template custom<F>(x);
    }
};
template <class F>
inline constexpr std::conditional_t<detail::HasValueAndSlope<F>, custom_activation_layer<F>,
                                    detail::refused<activation_without_slope<F>>>
    activation{};

namespace detail {

constexpr shaped has_axis(extents in, int axis) {
    return axis < in.rank ? accept(in) : refuse(need::rank_at_least, extents(axis + 1), in);
}

}  // namespace detail

template <class... Options>
struct softmax_layer
    : layer_with_options<softmax_layer<Options...>, detail::allow(option_kind::axis), Options...> {
    static constexpr const char* kind = "softmax";
    static constexpr int primitives = 1;
    static constexpr option_values options = softmax_layer::read({});
    static constexpr shaped output(extents in) { return detail::has_axis(in, options.axis); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.softmax(x, options.axis < 0 ? x.dims.rank - 1 : options.axis);
    }
};
template <class... Options>
struct log_softmax_layer
    : layer_with_options<log_softmax_layer<Options...>, detail::allow(option_kind::axis), Options...> {
    static constexpr const char* kind = "log_softmax";
    static constexpr int primitives = 1;
    static constexpr option_values options = log_softmax_layer::read({});
    static constexpr shaped output(extents in) { return detail::has_axis(in, options.axis); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.log_softmax(x, options.axis < 0 ? x.dims.rank - 1 : options.axis);
    }
};
/// exp(x) / sum(exp(x)) over the last axis; `softmax_with<axis<0>>` for another.
template <class... Options>
inline constexpr softmax_layer<Options...> softmax_with{};
inline constexpr softmax_layer<> softmax{};
/// log(softmax(x)), computed without overflow.
template <class... Options>
inline constexpr log_softmax_layer<Options...> log_softmax_with{};
inline constexpr log_softmax_layer<> log_softmax{};

}  // namespace weft
