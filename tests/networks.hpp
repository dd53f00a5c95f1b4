#pragma once
/// Networks that the tests of several policies share.
#include <weft/lang/combinators.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/lang/layers/shape.hpp>

namespace networks {

using namespace weft;

// clang-format off
/// Each kind of layer once at least: 4 x 12 x 12 numbers to 5.
constexpr auto everything = input<4, 12, 12>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<8, kernel<3>, padding<1>, groups<2>> >> silu >> dropout<0.2>)
    >> concat(max_pool2d<2>, avg_pool2d<2>, conv2d<4, kernel<2>, stride<2>>)
    >> upsample2d<2> >> conv2d<6, kernel<5>, stride<3>> >> weft::tanh >> flatten
    >> layer_norm >> dense<40> >> gelu >> concat(dense<12> >> softmax, dense<20> >> leaky_relu) >> dense<5>;
/// Convolutions and norms without a kink, whose gradients follow rounding smoothly.
constexpr auto smooth_image = input<2, 8, 8>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> silu >> avg_pool2d<2>
    >> residual(conv2d<8, kernel<3>, padding<1>> >> silu) >> flatten >> layer_norm >> dense<5>;
/// Narrow enough for one kernel, and too wide for one.
constexpr auto small_mlp = input<24> >> dense<64> >> relu >> dense<64> >> relu >> dense<5>;
constexpr auto smooth_mlp = input<24> >> dense<64> >> gelu >> dense<48> >> silu >> dense<5>;
constexpr auto wide_relu_mlp = input<20> >> dense<256, kaiming_normal> >> relu >> dense<136, kaiming_normal> >> relu
    >> dense<5>;
constexpr auto wide_mlp = input<20> >> dense<300> >> gelu >> dense<24> >> gelu >> dense<5>;
// clang-format on

template <auto Net>
constexpr std::size_t inputs_of = std::remove_cvref_t<decltype(Net)>::input_type::size;

}  // namespace networks
