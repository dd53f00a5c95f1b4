#pragma once

#include "convolution.hpp"

namespace weft {

/// The size of a pooling window: a number, or height and width: `max_pool2d<window{2, 3}>`.
struct window {
    int height, width;
    constexpr window(int size) : height(size), width(size) {}
    constexpr window(int h, int w) : height(h), width(w) {}
};

namespace detail {

constexpr option_values pool_defaults(int h, int w) {
    option_values v;
    v.kernel[0] = v.stride[0] = h;
    v.kernel[1] = v.stride[1] = w;
    return v;
}
constexpr shaped pool_output(extents in, const option_values& o) {
    if (in.rank != 3) return refuse(need::image, {}, in);
    return window_output(in, geometry_of(in, in[0], o));
}

}  // namespace detail

/// The largest number of each window: [C, H, W] to [C, H', W']. Options: stride (the window's size), padding
/// (0; counts as minus infinity, at most half the window). Does not compile on what is no image, for a window
/// below 1 or larger than the image with its padding, or for more padding.
///
///     constexpr auto net = input<6, 28, 28> >> max_pool2d<2> >> max_pool2d<window{2, 3}, stride<2>>;
///     static_assert(output_shape(net) == shape<6, 7, 6>{});
template <int Height, int Width, class... Options>
struct max_pool2d_layer
    : layer_with_options<max_pool2d_layer<Height, Width, Options...>,
                         detail::allow(option_kind::stride, option_kind::padding), Options...> {
    static constexpr const char* kind = "max_pool2d";
    static constexpr int primitives = 1;
    static constexpr option_values options = max_pool2d_layer::read(detail::pool_defaults(Height, Width));
    using fault = detail::first_fault_t<
        typename max_pool2d_layer::layer_with_options::fault,
        detail::fault_unless<Height >= 1 && Width >= 1,
                             impossible_layer<max_pool2d_layer, needs<a_window_of_at_least_one_pixel>>>,
        detail::fault_unless<
            options.padding[0] * 2 <= Height && options.padding[1] * 2 <= Width,
            impossible_layer<max_pool2d_layer, needs<a_padding_of_at_most_half_the_window>>>>;

    static constexpr shaped output(extents in) { return detail::pool_output(in, options); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.max_pool2d(x, detail::geometry_of(x.dims, x.dims[0], options));
    }
};

template <window Size, class... Options>
inline constexpr max_pool2d_layer<Size.height, Size.width, Options...> max_pool2d{};

/// The mean of each window: [C, H, W] to [C, H', W']. Options as `max_pool2d`'s, and `exclude_padding` (by
/// default padding counts as zeros). Does not compile where `max_pool2d` does not.
///
///     constexpr auto net = input<6, 28, 28> >> avg_pool2d<3, stride<2>, padding<1>, exclude_padding>;
///     static_assert(output_shape(net) == shape<6, 14, 14>{});
template <int Height, int Width, class... Options>
struct avg_pool2d_layer
    : layer_with_options<avg_pool2d_layer<Height, Width, Options...>,
                         detail::allow(option_kind::stride, option_kind::padding, option_kind::count_padding),
                         Options...> {
    static constexpr const char* kind = "avg_pool2d";
    static constexpr int primitives = 1;
    static constexpr option_values options = avg_pool2d_layer::read(detail::pool_defaults(Height, Width));
    using fault = detail::first_fault_t<
        typename avg_pool2d_layer::layer_with_options::fault,
        detail::fault_unless<Height >= 1 && Width >= 1,
                             impossible_layer<avg_pool2d_layer, needs<a_window_of_at_least_one_pixel>>>,
        detail::fault_unless<
            options.padding[0] * 2 <= Height && options.padding[1] * 2 <= Width,
            impossible_layer<avg_pool2d_layer, needs<a_padding_of_at_most_half_the_window>>>>;

    static constexpr shaped output(extents in) { return detail::pool_output(in, options); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.avg_pool2d(x, detail::geometry_of(x.dims, x.dims[0], options), options.count_padding);
    }
};

template <window Size, class... Options>
inline constexpr avg_pool2d_layer<Size.height, Size.width, Options...> avg_pool2d{};

/// The mean of each channel: [C, H, W] to [C]. Does not compile on what is no image.
///
///     constexpr auto net = input<512, 4, 4> >> global_avg_pool >> dense<10>;
struct global_avg_pool_layer : layer_base {
    static constexpr const char* kind = "global_avg_pool";
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) {
        return in.rank == 3 ? accept(extents(in[0])) : refuse(need::image, {}, in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.channel_mean(x);
    }
};
inline constexpr global_avg_pool_layer global_avg_pool{};

/// Repeats each pixel: [C, H, W] to [C, H * Height, W * Width] (nearest neighbour). Does not compile on what
/// is no image, or for a factor below 1.
///
///     constexpr auto net = input<8, 7, 7> >> upsample2d<2> >> upsample2d<1, 2>;
///     static_assert(output_shape(net) == shape<8, 14, 28>{});
template <int Height, int Width>
struct upsample2d_layer : layer_base {
    using fault = detail::fault_unless<Height >= 1 && Width >= 1,
                                       impossible_layer<upsample2d_layer, needs<a_factor_of_at_least_1>>>;
    static constexpr const char* kind = "upsample2d";
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) {
        if (in.rank != 3) return refuse(need::image, {}, in);
        const shaped high = detail::with_size(in, 1, 1LL * in[1] * Height);
        return high.ok() ? detail::with_size(high.out, 2, 1LL * in[2] * Width) : high;
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.upsample2d(x, Height, Width);
    }
};
template <int Height, int Width = Height>
inline constexpr upsample2d_layer<Height, Width> upsample2d{};

}  // namespace weft
