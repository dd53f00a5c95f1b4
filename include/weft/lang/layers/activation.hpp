#pragma once
/// Activations work number by number on any shape, and run as part of the operation before them. No errors
/// but those named below.

#include "../../core/real.hpp"
#include "../expression.hpp"
#include "../options.hpp"

namespace weft {

/// The activations that weft knows by name; each works on any shape, number by number. At plus and minus
/// infinity they are their limits: gelu, gelu_tanh, silu, mish and hard_swish are 0 at minus infinity
/// (PyTorch's are NaN).
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
    using fault = detail::fault_unless<detail::is_finite(Parameter.value()),
                                       impossible_layer<activation_layer, needs<a_finite_parameter>>>;
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

/// max(x, 0).
///
///     constexpr auto net = input<4> >> dense<16> >> relu >> dense<3>;
inline constexpr relu_layer relu{};
/// x, or slope * x below zero; the slope is any finite number, as a float. Does not compile with another.
///
///     constexpr auto net = input<4> >> dense<16> >> leaky_relu >> dense<16> >> leaky_relu_with<0.2>;
template <real Slope = 0.01>
inline constexpr activation_layer<activation_kind::leaky_relu, Slope> leaky_relu_with{};
inline constexpr auto leaky_relu = leaky_relu_with<0.01>;
/// x, or alpha * (exp(x) - 1) below zero (Clevert et al., 2015); alpha is any finite number, as a float. Does
/// not compile with another.
///
///     constexpr auto net = input<4> >> dense<16> >> elu >> dense<16> >> elu_with<0.5>;
template <real Alpha = 1.>
inline constexpr activation_layer<activation_kind::elu, Alpha> elu_with{};
inline constexpr auto elu = elu_with<1.>;
/// Scaled elu, which keeps means and variances (Klambauer et al., 2017).
///
///     constexpr auto net = input<4> >> dense<16, lecun_normal> >> selu >> dense<3>;
inline constexpr selu_layer selu{};
/// x * Phi(x), exact (Hendrycks and Gimpel, 2016).
///
///     constexpr auto net = input<4> >> dense<16> >> gelu >> dense<3>;
inline constexpr gelu_layer gelu{};
/// gelu by its approximation with tanh, as PyTorch's approximate="tanh".
///
///     constexpr auto net = input<4> >> dense<16> >> gelu_tanh >> dense<3>;
inline constexpr gelu_tanh_layer gelu_tanh{};
/// x * sigmoid(x), also called swish.
///
///     constexpr auto net = input<4> >> dense<16> >> silu >> dense<3>;
inline constexpr silu_layer silu{};
/// x * tanh(softplus(x)) (Misra, 2019).
///
///     constexpr auto net = input<4> >> dense<16> >> mish >> dense<3>;
inline constexpr mish_layer mish{};
/// x * clamp(x + 3, 0, 6) / 6 (Howard et al., 2019).
///
///     constexpr auto net = input<4> >> dense<16> >> hard_swish >> dense<3>;
inline constexpr hard_swish_layer hard_swish{};
/// 1 / (1 + exp(-x)). A loss on probabilities wants none of it: `binary_cross_entropy_with_logits`.
///
///     constexpr auto gate = multiply(dense<16>, dense<16> >> sigmoid);
inline constexpr sigmoid_layer sigmoid{};
/// The hyperbolic tangent: `>> tanh`, or `tanh_activation` where that cannot be written.
///
///     constexpr auto net = input<4> >> dense<16> >> tanh >> dense<16> >> tanh_activation >> dense<3>;
inline constexpr tanh_layer tanh_activation{};
/// The same as a function, one more overload of the C library's, so that beside `using namespace weft` a
/// program's tanh(x) is a number, and `>> tanh` the layer: the compiler picks the one of the operand's type.
constexpr tanh_layer tanh(detail::layer_name) { return {}; }
template <class L>
requires(detail::is_expression<L>) constexpr auto operator>>(L left, detail::named_by_function<tanh_layer>) {
    return left >> tanh_activation;
}
template <class R>
requires(detail::is_expression<R>) constexpr auto operator>>(detail::named_by_function<tanh_layer>, R right) {
    return tanh_activation >> right;
}

/// log(1 + exp(x)): a relu without a corner.
///
///     constexpr auto variance = dense<1> >> softplus;  // positive
inline constexpr softplus_layer softplus{};

namespace detail {

template <class F>
concept HasValueAndSlope = requires(float x) {
    { F::value(x) } -> std::convertible_to<float>;
    { F::slope(x) } -> std::convertible_to<float>;
};

}  // namespace detail

/// A user's own activation: a type with a function of one number and its derivative there. Does not compile
/// where one of the two is missing.
///
///     struct softsign {
///         template <class T>
///         static constexpr T value(T x) {
///             return x / (1 + (x < 0 ? -x : x));
///         }
///         template <class T>
///         static constexpr T slope(T x) {
///             const T d = 1 + (x < 0 ? -x : x);
///             return 1 / (d * d);
///         }
///     };
///     constexpr auto net = input<4> >> dense<16> >> activation<softsign> >> dense<3>;
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
/// exp(x) / sum(exp(x)) over the last axis, or with `softmax_with<axis<0>>` over another.
/// `softmax_cross_entropy` wants predictions without it. Does not compile for an axis that the shape does not
/// have.
///
///     constexpr auto net = input<4> >> dense<3> >> softmax;
///     constexpr auto over_channels = conv2d<5> >> softmax_with<axis<0>>;
template <class... Options>
inline constexpr softmax_layer<Options...> softmax_with{};
inline constexpr softmax_layer<> softmax{};
/// log(softmax(x)), computed without overflow; its axis as `softmax`'s. Does not compile for an axis that the
/// shape does not have.
///
///     constexpr auto net = input<4> >> dense<3> >> log_softmax;
template <class... Options>
inline constexpr log_softmax_layer<Options...> log_softmax_with{};
inline constexpr log_softmax_layer<> log_softmax{};

}  // namespace weft
