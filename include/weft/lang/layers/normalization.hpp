#pragma once

#include "../expression.hpp"
#include "../options.hpp"

namespace weft {

/// Batch normalisation (Ioffe and Szegedy, 2015) over the batch and all axes but the first: BatchNorm1d on
/// [C], BatchNorm2d on [C, H, W]. Parameters: weight [C], bias [C]; running_mean and running_var [C] are
/// saved with them. Options: `epsilon<1e-5>`, `momentum<0.1>`, `no_affine`. Keras's defaults are
/// `epsilon<1e-3>`, `momentum<0.01>`. A training step on [C] takes two samples or
/// more: one value has no variance. Does not compile with other options.
///
///     constexpr auto one = conv2d<16, kernel<3>, no_bias> >> batch_norm >> relu;
///     constexpr auto other = dense<16> >> batch_norm_with<epsilon<1e-3>, momentum<0.01>>;
template <class... Options>
struct batch_norm_layer
    : layer_with_options<batch_norm_layer<Options...>,
                         detail::allow(option_kind::epsilon, option_kind::momentum, option_kind::affine),
                         Options...> {
    static constexpr const char* kind = "batch_norm";
    static constexpr int primitives = 2;
    static constexpr option_values options = batch_norm_layer::read({});
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const extents channels(x.dims[0]);
        typename B::value gamma, beta;
        if constexpr (options.affine) {
            gamma = b.parameter("weight", channels, {init_kind::ones});
            beta = b.parameter("bias", channels, {init_kind::zeros});
        }
        auto mean = b.state("running_mean", channels, 0);
        auto variance = b.state("running_var", channels, 1);
        return b.batch_norm(x, gamma, beta, mean, variance, options.epsilon, options.momentum);
    }
};
template <class... Options>
inline constexpr batch_norm_layer<Options...> batch_norm_with{};
inline constexpr batch_norm_layer<> batch_norm{};

/// Layer normalisation (Ba et al., 2016) over the last axis of [features] or [steps, features], and over all
/// of an image. Parameters: weight and bias with the normalised shape. Options: `epsilon<1e-5>`, `no_affine`.
/// Does not compile with other options.
///
///     constexpr auto one = dense<64> >> layer_norm >> gelu;
///     constexpr auto other = dense<64> >> layer_norm_with<epsilon<1e-6>, no_affine>;
template <class... Options>
struct layer_norm_layer
    : layer_with_options<layer_norm_layer<Options...>,
                         detail::allow(option_kind::epsilon, option_kind::affine), Options...> {
    static constexpr const char* kind = "layer_norm";
    static constexpr int primitives = 3;
    static constexpr option_values options = layer_norm_layer::read({});
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const extents normalized = x.dims.rank == 2 ? extents(x.dims.last()) : x.dims;
        auto y = b.layer_norm(x, normalized.size(), options.epsilon);
        if constexpr (options.affine) {
            const auto shape = y.dims;
            auto rows = b.reshape(y, {shape.size() / normalized.size(), normalized.size()});
            rows = b.along(B::multiply_step, rows, b.parameter("weight", normalized, {init_kind::ones}), 1);
            rows = b.along(B::add_step, rows, b.parameter("bias", normalized, {init_kind::zeros}), 1);
            y = b.reshape(rows, shape);
        }
        return y;
    }
};
template <class... Options>
inline constexpr layer_norm_layer<Options...> layer_norm_with{};
inline constexpr layer_norm_layer<> layer_norm{};

/// Brings what the data set varies in to mean 0 and deviation 1: (x - mean) / deviation for each feature of
/// [features] or [steps, features], and for each channel of an image. Both are statistics, which a model's
/// file has and training leaves alone; adapt(model, data) sets them. Before that it changes nothing. No
/// errors.
///
///     constexpr auto net = input<4> >> standardize >> dense<16> >> relu >> dense<3>;
struct standardize_layer : layer_base {
    static constexpr const char* kind = "standardize";
    static constexpr int primitives = 2;
    static constexpr int axis_of(extents in) { return in.rank == 2 ? 1 : 0; }
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const int axis = axis_of(x.dims);
        const extents features(x.dims[axis]);
        const auto mean = b.state("mean", features, 0);
        const auto centred = b.along(B::subtract_step, x, mean, axis);
        return b.along(B::divide_step, centred, b.state("deviation", features, 1), axis);
    }
};
inline constexpr standardize_layer standardize{};

/// Zeroes each number with probability Rate while training and scales the rest by 1 / (1 - Rate). Predictions
/// pass through. Does not compile for a Rate below 0, or of 1 and more.
///
///     constexpr auto net = input<64> >> dense<128> >> relu >> dropout<0.3> >> dense<10>;
template <real Rate>
struct dropout_layer : layer_base {
    using fault =
        detail::fault_unless<Rate.value() >= 0 && Rate.value() < 1,
                             impossible_layer<dropout_layer, needs<a_rate_of_at_least_0_and_below_1>>>;
    static constexpr const char* kind = "dropout";
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.dropout(x, Rate.value());
    }
};
template <real Rate>
inline constexpr dropout_layer<Rate> dropout{};

}  // namespace weft
