/// Softmax and combinators against PyTorch.

#include "parity_layers.hpp"

using namespace weft;
using golden::follow_everywhere;

namespace {

constexpr auto softmax_axes = input < 2, 3,
               4 >>> concat(conv2d < 2 >>> softmax_with<axis<0>>, conv2d < 2 >>> softmax_with<axis<1>>,
                            conv2d < 2 >>> softmax, conv2d < 2 >>> log_softmax_with<axis<0>>,
                            conv2d < 2 >>> log_softmax_with<axis<1>>,
                            conv2d < 2 >>> log_softmax_with<axis<2>>);

constexpr auto joins = input < 4, 5,
               5 >>> named<"stem">(conv2d < 4, kernel<3>, padding < 1 >>>> relu) >>
                   residual(conv2d < 4, kernel<3>, padding < 1 >>>> weft::tanh) >>
                   residual(conv2d < 6, kernel<3>, stride<2>, padding < 1 >>>> residual(relu >> conv2d<6>),
                            conv2d<6, stride<2>>) >>
                   multiply(identity, global_avg_pool >> dense < 6 >>> sigmoid >> reshape<6, 1, 1>) >>
                   add(identity, conv2d<1>, conv2d<6, kernel<3>>) >>
                   concat(identity, conv2d<2>) >> repeat<2>(conv2d < 8 >>> weft::tanh) >> flatten
                   >> named<"head">(dense<5>) >> multiply(dense<4>, dense < 4 >>> sigmoid, dense<1>);

constexpr auto nested = input < 2, 8, 4 >>> conv2d < 3, kernel<3>,
               padding < 1 >>>> relu >>
                   concat(identity, max_pool2d < 2 >>> conv2d < 4, kernel<3>,
                          padding < 1 >>>> relu >>
                              concat(identity, avg_pool2d < 2 >>> conv2d < 4 >>> elu >> upsample2d<2>) >>
                              upsample2d<2>) >>
                   conv2d<2>;

}  // namespace

TEST_CASE("softmax over each axis matches PyTorch", "[train][parity]") {
    follow_everywhere<softmax_axes>("softmax_axes");
}
TEST_CASE("combinators match PyTorch", "[train][parity]") {
    follow_everywhere<joins>("joins");
    follow_everywhere<nested>("nested");
}
