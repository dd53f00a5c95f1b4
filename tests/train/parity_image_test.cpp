/// Pools and batch normalisation against PyTorch.

#include "parity_layers.hpp"

using namespace weft;
using golden::follow;
using golden::follow_everywhere;

namespace {

constexpr auto pools = input < 3, 7,
               8 >>> conv2d < 4 >>>
                   concat(max_pool2d<3, stride<2>, padding<1>>, avg_pool2d<3, stride<2>, padding<1>>,
                          avg_pool2d<3, stride<2>, padding<1>, exclude_padding>,
                          max_pool2d<window{1, 2}, stride<2>>,
                          avg_pool2d<window{3, 2}, stride<2>, padding<1, 0>>) >>
                   upsample2d < 2,
               3 >>> conv2d < 3, kernel<3>, stride < 2 >>>> max_pool2d < 2 >>> global_avg_pool >> dense<2>;

constexpr auto normalized = input < 2, 5, 4 >>> conv2d < 4, kernel<3>,
               no_bias >>> batch_norm >> relu >> conv2d < 3, kernel < 2 >>>> batch_norm_with < epsilon<1e-3>,
               momentum<0.01>, no_affine >>> flatten >> dense < 4 >>> batch_norm >> weft::tanh >> dense<2>;

}  // namespace

TEST_CASE("pools match PyTorch", "[train][parity]") { follow_everywhere<pools>("pools"); }
TEST_CASE("batch normalisation matches PyTorch", "[train][parity]") {
    follow_everywhere<normalized>("batch_norm");
    follow<normalized, cpu_policy<double>>("batch_norm");
}
