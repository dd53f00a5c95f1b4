#pragma once

#include <utility>

#include "gradients.hpp"

/// Small networks with branches, drawn while compiling: one for each seed.
namespace random_networks {

using namespace weft;

template <int Seed, int Draw>
constexpr unsigned below(unsigned bound) {
    return random_stream{seed{0x5eed}, std::uint64_t(Seed) * 64 + Draw}.below(bound);
}

template <int Seed, int Draw>
constexpr auto any_activation() {
    constexpr unsigned kind = below<Seed, Draw>(7);
    if constexpr (kind == 0)
        return relu;
    else if constexpr (kind == 1)
        return weft::tanh;
    else if constexpr (kind == 2)
        return sigmoid;
    else if constexpr (kind == 3)
        return gelu;
    else if constexpr (kind == 4)
        return silu;
    else if constexpr (kind == 5)
        return leaky_relu;
    else
        return elu;
}

// clang-format off
/// A part that turns [C, H, W] into an image that is as high and wide; C is the number of channels.
template <int Seed, int Draw, int C>
constexpr auto any_part() {
    constexpr auto f = any_activation<Seed, Draw + 1>();
    constexpr auto g = any_activation<Seed, Draw + 2>();
    constexpr int wide = 1 + int(below<Seed, Draw + 3>(4));
    constexpr unsigned kind = below<Seed, Draw>(14);
    if constexpr (kind == 0) return conv2d<wide, kernel<3>, padding<1>> >> f;
    else if constexpr (kind == 1) return conv2d<2, kernel<3, 1>, padding<1, 0>, no_bias> >> batch_norm >> f;
    else if constexpr (kind == 2) return residual(conv2d<C, kernel<3>, padding<1>> >> f >> conv2d<C>) >> g;
    else if constexpr (kind == 3) return concat(conv2d<wide> >> f, identity, max_pool2d<3, stride<1>, padding<1>>);
    else if constexpr (kind == 4) return add(conv2d<3> >> f, conv2d<1> >> g, conv2d<3, kernel<3>, padding<1>>);
    else if constexpr (kind == 5) return avg_pool2d<3, stride<1>, padding<1>, exclude_padding> >> conv2d<wide> >> g;
    else if constexpr (kind == 6) return multiply(identity, global_avg_pool >> dense<C> >> sigmoid >> reshape<C, 1, 1>);
    else if constexpr (kind == 7) return layer_norm >> f >> conv2d<wide>;
    else if constexpr (kind == 8) return upsample2d<2> >> conv2d<2> >> f >> max_pool2d<2>;
    else if constexpr (kind == 9) return depthwise_conv2d<2, kernel<3>, padding<1>> >> dropout<0.25> >> g;
    else if constexpr (kind == 10) return residual(residual(conv2d<C> >> f) >> g, conv2d<C> >> batch_norm);
    else if constexpr (kind == 11) return concat(residual(conv2d<C> >> f), multiply(conv2d<wide>, conv2d<wide> >> g));
    else if constexpr (kind == 12) return add(identity, multiply(identity, identity), f >> softmax_with<axis<0>>);
    else return batch_norm >> g >> concat(f, conv2d<wide, kernel<2>, dilation<2>, padding<1>>);
}

template <int Seed, int Draw, class Net>
constexpr auto grown(Net net) {
    constexpr int channels = decltype(output_shape(Net{}))::value[0];
    return net >> any_part<Seed, Draw, channels>();
}

template <int Seed>
constexpr auto network_of_seed() {
    constexpr int c = 1 + int(below<Seed, 0>(3)), h = 3 + int(below<Seed, 1>(3)), w = 3 + int(below<Seed, 2>(3));
    constexpr auto short_body = grown<Seed, 20>(grown<Seed, 12>(input<c, h, w> >> conv2d<2 + c>));
    constexpr auto body = [=] {
        if constexpr (Seed % 3 == 0) return grown<Seed, 28>(short_body);
        else return short_body;
    }();
    if constexpr (below<Seed, 3>(2) == 0) return body >> global_avg_pool >> dense<3>;
    else return body >> flatten >> add(dense<3> >> any_activation<Seed, 4>(), dense<3>);
}
// clang-format on

template <int Seed>
inline constexpr auto network = network_of_seed<Seed>();

/// Losses take turns.
template <int Seed>
void check_one() {
    const std::string name = "random network " + std::to_string(Seed);
    if constexpr (Seed % 3 == 0)
        gradients::check<random_networks::network<Seed>>(name, softmax_cross_entropy, Seed, 3);
    else if constexpr (Seed % 3 == 1)
        gradients::check<random_networks::network<Seed>>(name, mean_squared_error, Seed, 4);
    else
        gradients::check<random_networks::network<Seed>>(name, binary_cross_entropy_with_logits, Seed, 2);
}
template <int First, int... Seeds>
void check_all(std::integer_sequence<int, Seeds...>) {
    (check_one<First + Seeds>(), ...);
}

}  // namespace random_networks
