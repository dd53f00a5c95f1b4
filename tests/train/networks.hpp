#pragma once

#include "weft/weft.hpp"

/// Small networks that have every layer with its options; make_network_golden.py has their PyTorch twins.
namespace networks {

using namespace weft;

// clang-format off
constexpr auto conv = input<4, 7, 6> >> conv2d<4, padding<1>, kernel<3>> >> weft::tanh
    >> conv2d<6, kernel<3, 2>, stride<2, 1>, padding<1, 0>, groups<2>, no_bias>
    >> conv2d<4, kernel<2>, padding<1>, dilation<2, 1>>
    >> conv2d<8, kernel<3>, padding<1>, groups<4>> >> flatten >> dense<2>;
constexpr auto conv_wide = input<3, 9, 9> >> conv2d<19, kernel<3>, padding<2>, no_bias> >> relu
    >> conv2d<5, kernel<5, 3>, stride<3, 2>, dilation<2>>;
constexpr auto depthwise = input<3, 8, 5>
    >> depthwise_conv2d<1, kernel<3, 1>, stride<2>, padding<1, 0>, no_bias> >> silu
    >> depthwise_conv2d<2, kernel<2>, padding<1>, dilation<2>>;

constexpr auto pools = input<3, 7, 8> >> conv2d<4>
    >> concat(max_pool2d<3, stride<2>, padding<1>>, avg_pool2d<3, stride<2>, padding<1>>,
              avg_pool2d<3, stride<2>, padding<1>, exclude_padding>, max_pool2d<window{1, 2}, stride<2>>,
              avg_pool2d<window{3, 2}, stride<2>, padding<1, 0>>)
    >> upsample2d<2, 3> >> conv2d<3, kernel<3>, stride<2>> >> max_pool2d<2> >> global_avg_pool >> dense<2>;
constexpr auto batch_normalized = input<2, 5, 4> >> conv2d<4, kernel<3>, no_bias> >> batch_norm >> relu
    >> conv2d<3, kernel<2>> >> batch_norm_with<epsilon<1e-3>, momentum<0.01>, no_affine> >> flatten
    >> dense<4> >> batch_norm >> weft::tanh >> dense<2>;

constexpr auto dense_only = input<5> >> dense<4> >> weft::tanh >> dense<3, no_bias>;
constexpr auto steps_of_features = input<3, 4> >> dense<5> >> gelu >> dense<2>;
constexpr auto layer_normalized = input<3, 4, 4> >> conv2d<3, kernel<2>> >> layer_norm >> reshape<9, 3>
    >> layer_norm_with<epsilon<1e-3>> >> dense<4> >> flatten >> layer_norm_with<no_affine> >> dense<5>
    >> layer_norm;
constexpr auto activations_1 = input<4> >> dense<4>
    >> concat(dense<5> >> relu, dense<5> >> leaky_relu, dense<5> >> leaky_relu_with<0.25>, dense<5> >> elu,
              dense<5> >> elu_with<0.5>, dense<5> >> selu, dense<5> >> gelu, dense<5> >> gelu_tanh);
constexpr auto activations_2 = input<4> >> dense<4>
    >> concat(dense<5> >> silu, dense<5> >> mish, dense<5> >> hard_swish, dense<5> >> sigmoid,
              dense<5> >> weft::tanh, dense<5> >> softplus, dense<5> >> softmax, dense<5> >> log_softmax);
constexpr auto activations_3 = input<4> >> dense<4>
    >> concat(dense<5> >> leaky_relu_with<-0.2>, dense<5> >> elu_with<-0.5>, dense<5> >> leaky_relu_with<0>,
              dense<5> >> leaky_relu_with<3>);

constexpr auto softmax_axes = input<2, 3, 4>
    >> concat(conv2d<2> >> softmax_with<axis<0>>, conv2d<2> >> softmax_with<axis<1>>, conv2d<2> >> softmax,
              conv2d<2> >> log_softmax_with<axis<0>>, conv2d<2> >> log_softmax_with<axis<1>>,
              conv2d<2> >> log_softmax_with<axis<2>>);
constexpr auto joins = input<4, 5, 5> >> named<"stem">(conv2d<4, kernel<3>, padding<1>> >> relu)
    >> residual(conv2d<4, kernel<3>, padding<1>> >> weft::tanh)
    >> residual(conv2d<6, kernel<3>, stride<2>, padding<1>> >> residual(relu >> conv2d<6>),
                conv2d<6, stride<2>>)
    >> multiply(identity, global_avg_pool >> dense<6> >> sigmoid >> reshape<6, 1, 1>)
    >> add(identity, conv2d<1>, conv2d<6, kernel<3>>)
    >> concat(identity, conv2d<2>)
    >> repeat<2>(conv2d<8> >> weft::tanh)
    >> flatten >> named<"head">(dense<5>)
    >> multiply(dense<4>, dense<4> >> sigmoid, dense<1>);
constexpr auto nested = input<2, 8, 4> >> conv2d<3, kernel<3>, padding<1>> >> relu
    >> concat(identity, max_pool2d<2> >> conv2d<4, kernel<3>, padding<1>> >> relu
                            >> concat(identity, avg_pool2d<2> >> conv2d<4> >> elu >> upsample2d<2>)
                            >> upsample2d<2>)
    >> conv2d<2>;
// clang-format on

}  // namespace networks
