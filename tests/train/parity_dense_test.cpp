/// Dense layers, layer normalisation and activations against PyTorch.

#include "parity_layers.hpp"

using namespace weft;
using golden::follow;
using golden::follow_everywhere;

namespace {

constexpr auto plain = input < 5 >>> dense < 4 >>> weft::tanh >> dense<3, no_bias>;

constexpr auto steps_of_features = input < 3, 4 >>> dense < 5 >>> gelu >> dense<2>;

constexpr auto normalized = input < 3, 4, 4 >>> conv2d < 3, kernel < 2 >>>> layer_norm >> reshape < 9,
               3 >>> layer_norm_with < epsilon < 1e-3 >>>> dense < 4 >>> flatten >> layer_norm_with <
                   no_affine >>> dense < 5 >>> layer_norm;

constexpr auto activations_1 = input < 4 >>> dense < 4 >>>
                               concat(dense < 5 >>> relu, dense < 5 >>> leaky_relu,
                                      dense < 5 >>> leaky_relu_with<0.25>, dense < 5 >>> elu,
                                      dense < 5 >>> elu_with<0.5>, dense < 5 >>> selu, dense < 5 >>> gelu,
                                      dense < 5 >>> gelu_tanh);

constexpr auto activations_2 = input < 4 >>> dense < 4 >>>
                               concat(dense < 5 >>> silu, dense < 5 >>> mish, dense < 5 >>> hard_swish,
                                      dense < 5 >>> sigmoid, dense < 5 >>> weft::tanh, dense < 5 >>> softplus,
                                      dense < 5 >>> softmax, dense < 5 >>> log_softmax);

}  // namespace

TEST_CASE("dense layers match PyTorch", "[train][parity]") {
    follow_everywhere<plain>("dense");
    follow_everywhere<steps_of_features>("dense_steps");
    follow<steps_of_features, cpu_policy<double>>("dense_steps");
}
TEST_CASE("layer normalisation matches PyTorch", "[train][parity]") {
    follow_everywhere<normalized>("layer_norm");
}
TEST_CASE("activations match PyTorch", "[train][parity]") {
    follow_everywhere<activations_1>("activations_1");
    follow_everywhere<activations_2>("activations_2");
    follow<activations_2, cpu_policy<double>>("activations_2");
}
