/// Convolutions against PyTorch.

#include "parity_layers.hpp"

using namespace weft;
using golden::follow_everywhere;

namespace {

constexpr auto conv = input < 4, 7, 6 >>> conv2d < 4, padding<1>, kernel < 3 >>>> weft::tanh >> conv2d < 6,
               kernel<3, 2>, stride<2, 1>, padding<1, 0>, groups<2>, no_bias >>> conv2d < 4, kernel<2>,
               padding<1>, dilation < 2, 1 >>>> conv2d < 8, kernel<3>, padding<1>,
               groups < 4 >>>> flatten >> dense<2>;

constexpr auto conv_wide = input < 3, 9, 9 >>> conv2d < 19, kernel<3>, padding<2>,
               no_bias >>> relu >> conv2d<5, kernel<5, 3>, stride<3, 2>, dilation<2>>;

constexpr auto depthwise = input < 3, 8, 5 >>> depthwise_conv2d < 1, kernel<3, 1>, stride<2>, padding<1, 0>,
               no_bias >>> silu >> depthwise_conv2d<2, kernel<2>, padding<1>, dilation<2>>;

}  // namespace

TEST_CASE("convolutions match PyTorch", "[train][parity]") {
    follow_everywhere<conv>("conv");
    follow_everywhere<conv_wide>("conv_wide");
    follow_everywhere<depthwise>("depthwise");
}
