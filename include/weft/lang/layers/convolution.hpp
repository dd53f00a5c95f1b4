#pragma once

#include <algorithm>
#include <limits>

#include "../../core/geometry.hpp"
#include "../expression.hpp"
#include "../options.hpp"

namespace weft {

namespace detail {

constexpr conv2d_geometry geometry_of(extents in, int filters, const option_values& o) {
    return {in[0],       in[1],        in[2],        filters,       o.kernel[0],   o.kernel[1], o.stride[0],
            o.stride[1], o.padding[0], o.padding[1], o.dilation[0], o.dilation[1], o.groups};
}

/// The shape rule that convolutions and pools share: an image at least as large as the window.
constexpr shaped window_output(extents in, const conv2d_geometry& g) {
    constexpr long long most = std::numeric_limits<int>::max();
    if (g.height + 2LL * g.padding_h > most || g.width + 2LL * g.padding_w > most)
        return refuse(need::countable, {}, in);
    const int h = g.dilation_h * (g.kernel_h - 1) + 1, w = g.dilation_w * (g.kernel_w - 1) + 1;
    if (g.height + 2 * g.padding_h < h || g.width + 2 * g.padding_w < w)
        return refuse(need::at_least, {std::max(1, h - 2 * g.padding_h), std::max(1, w - 2 * g.padding_w)},
                      in);
    const extents weights(g.filters, g.channels / g.groups, g.kernel_h, g.kernel_w);
    if (!accept(weights).ok()) return refuse(need::countable, {}, weights);
    return accept({g.filters, g.out_h(), g.out_w()});
}

inline constexpr option_set depthwise_kinds =
    allow(option_kind::kernel, option_kind::stride, option_kind::padding, option_kind::dilation,
          option_kind::bias, option_kind::initializer);

constexpr option_values convolution_defaults() {
    option_values v;
    v.kernel[0] = v.kernel[1] = v.stride[0] = v.stride[1] = 1;
    return v;
}

template <class B, class X>
constexpr auto lower_convolution(B& b, X x, const conv2d_geometry& g, const option_values& o) {
    const int taps = g.kernel_h * g.kernel_w, in = g.channels / g.groups;
    const int fan_in = in * taps, fan_out = g.filters * taps;
    auto y = b.conv2d(
        x, b.parameter("weight", {g.filters, in, g.kernel_h, g.kernel_w}, {o.init, fan_in, fan_out}), g);
    if (o.bias)
        y = b.along(B::add_step, y,
                    b.parameter("bias", extents(g.filters), {b.bias_init(o.init), fan_in, fan_out}), 0);
    return y;
}

}  // namespace detail

/// A 2-d convolution (cross-correlation, as everywhere in the field): [C, H, W] to [Filters, H', W']. There
/// H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down. Parameters: weight
/// [Filters, C / groups, kernel_h, kernel_w], bias [Filters]. Options: `kernel` (1), `stride` (1), `padding`
/// (0), `dilation` (1), `groups` (1), `no_bias`, an initialiser. Does not compile for Filters below 1, on
/// what is no image, where the window is larger than the image with its padding, or where groups do not
/// divide channels and filters.
///
///     constexpr auto net = input<3, 32, 32> >> conv2d<16, kernel<3>, stride<2>, padding<1>> >> relu;
///     static_assert(output_shape(net) == shape<16, 16, 16>{});
template <int Filters, class... Options>
struct conv2d_layer
    : layer_with_options<conv2d_layer<Filters, Options...>,
                         detail::depthwise_kinds | detail::allow(option_kind::groups), Options...> {
    static constexpr const char* kind = "conv2d";
    static constexpr int primitives = 2;
    static constexpr option_values options = conv2d_layer::read(detail::convolution_defaults());
    using fault = detail::first_fault_t<
        typename conv2d_layer::layer_with_options::fault,
        detail::fault_unless<Filters >= 1, impossible_layer<conv2d_layer, needs<at_least_one_filter>>>,
        detail::fault_unless<Filters % options.groups == 0,
                             impossible_layer<conv2d_layer, needs<groups_that_divide_the_filters>>>>;

    static constexpr shaped output(extents in) {
        if (in.rank != 3) return refuse(need::image, {}, in);
        if (in[0] % options.groups != 0)
            return refuse(need::channels_multiple_of, extents(options.groups), in);
        return detail::window_output(in, detail::geometry_of(in, Filters, options));
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return detail::lower_convolution(b, x, detail::geometry_of(x.dims, Filters, options), options);
    }
};

template <int Filters, class... Options>
inline constexpr conv2d_layer<Filters, Options...> conv2d{};

/// A convolution of each channel on its own: [C, H, W] to [C * Multiplier, H', W']. Parameters: weight
/// [C * Multiplier, 1, kernel_h, kernel_w], bias. Options as `conv2d`'s, without groups. Does not compile for
/// a Multiplier below 1, on what is no image, or where the window is larger than the image with its padding.
///
///     constexpr auto separable = depthwise_conv2d<1, kernel<3>, padding<1>> >> conv2d<64>;
///     static_assert(output_shape(input<32, 8, 8> >> separable) == shape<64, 8, 8>{});
template <int Multiplier, class... Options>
struct depthwise_conv2d_layer : layer_with_options<depthwise_conv2d_layer<Multiplier, Options...>,
                                                   detail::depthwise_kinds, Options...> {
    static constexpr const char* kind = "depthwise_conv2d";
    static constexpr int primitives = 2;
    static constexpr option_values options = depthwise_conv2d_layer::read(detail::convolution_defaults());
    using fault = detail::first_fault_t<
        typename depthwise_conv2d_layer::layer_with_options::fault,
        detail::fault_unless<Multiplier >= 1, impossible_layer<depthwise_conv2d_layer,
                                                               needs<at_least_one_filter_for_each_channel>>>>;

    static constexpr conv2d_geometry geometry(extents in) {
        conv2d_geometry g = detail::geometry_of(in, in[0] * Multiplier, options);
        g.groups = in[0];
        return g;
    }
    static constexpr shaped output(extents in) {
        if (in.rank != 3) return refuse(need::image, {}, in);
        const shaped filters = detail::with_size(extents(in[0]), 0, 1LL * in[0] * Multiplier);
        return filters.ok() ? detail::window_output(in, geometry(in)) : refuse(need::countable, {}, in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return detail::lower_convolution(b, x, geometry(x.dims), options);
    }
};

template <int Multiplier, class... Options>
inline constexpr depthwise_conv2d_layer<Multiplier, Options...> depthwise_conv2d{};

}  // namespace weft
