// LeNet and a small perceptron on images of 28 x 28 pixels.
#include <weft/lang/combinators.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/lang/layers/shape.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/optimizers.hpp>

#include "network.hpp"

using namespace weft;
// clang-format off
constexpr auto lenet = input<1, 28, 28>
    >> conv2d<6, kernel<5>, padding<2>> >> relu >> max_pool2d<2>
    >> conv2d<16, kernel<5>>            >> relu >> max_pool2d<2>
    >> flatten
    >> dense<120> >> relu >> dense<84> >> relu >> dense<10>;
constexpr auto perceptron = input<784> >> dense<128> >> relu >> dense<64> >> relu >> dense<10>;
// clang-format on

int main(int argc, char** argv) {
    const bench::subject<lenet, softmax_cross_entropy_loss<>, adam> first{"lenet", 32, 3};
    const bench::subject<perceptron, softmax_cross_entropy_loss<>, adam> second{"mlp784", 32, 3};
    return bench::serve(
        argc, argv,
        {[&](bench::expected_numbers& file) { (first.reference(file), second.reference(file)); },
         [&](bench::expected_numbers& file) { (first.check(file), second.check(file)); },
         [&](const std::string& net, const std::string& kind, int batch, const std::string& ways) {
             return net == "lenet" ? first.prepare(kind, batch, ways) : second.prepare(kind, batch, ways);
         }});
}
