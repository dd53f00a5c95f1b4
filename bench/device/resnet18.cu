// ResNet-18 in its form for images of 32 x 32 pixels.
#include <weft/lang/combinators.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/lang/layers/shape.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/optimizers.hpp>

#include "network.hpp"

using namespace weft;
// clang-format off
template <int F, int S = 1>
constexpr auto conv3 = conv2d<F, kernel<3>, stride<S>, padding<1>, no_bias> >> batch_norm;
template <int F>
constexpr auto same = residual(conv3<F> >> relu >> conv3<F>) >> relu;
template <int F>
constexpr auto down = residual(conv3<F, 2> >> relu >> conv3<F>,
                               conv2d<F, kernel<1>, stride<2>, no_bias> >> batch_norm) >> relu;
constexpr auto resnet18 = input<3, 32, 32> >> conv3<64> >> relu
    >> repeat<2>(same<64>)
    >> down<128> >> same<128> >> down<256> >> same<256> >> down<512> >> same<512>
    >> global_avg_pool >> dense<10>;
// clang-format on

int main(int argc, char** argv) {
    // Products are few here, so that cuBLASLt's are left out. The reference is slow, so that the batch is
    // small, and statistics of few numbers make gradients of single precision less precise.
    const bench::subject<resnet18, softmax_cross_entropy_loss<>, adam, false> s{"resnet18", 2, 2, 2e-3};
    return bench::serve(argc, argv,
                        {[&](bench::expected_numbers& file) { s.reference(file); },
                         [&](bench::expected_numbers& file) { s.check(file); },
                         [&](const std::string&, const std::string& kind, int batch,
                             const std::string& ways) { return s.prepare(kind, batch, ways); }});
}
