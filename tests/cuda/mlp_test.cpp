// Which programs are chains of dense layers, and what is known of them.
#include <weft/backend/cuda/fused_mlp/recognize.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/loss/regression.hpp>

#include "../catch.hpp"

using namespace weft;
using cuda_backend::find_mlp;
using cuda_backend::mlp_loss;
using graph::function;

namespace {

template <auto Net>
using network_of = std::remove_cv_t<decltype(Net)>;
template <auto Net>
constexpr auto inference_of() {
    return find_mlp(program<network_of<Net>>::graph);
}
template <auto Net, class Loss>
constexpr auto training_of() {
    constexpr auto& source = program<network_of<Net>, Loss, purpose::training>::source;
    return find_mlp(source.g, source.loss);
}

// clang-format off
constexpr auto plain = input<5> >> dense<4> >> relu >> dense<16, no_bias> >> gelu >> dense<3>;
constexpr auto image = input<1, 4, 4> >> flatten >> dense<8, no_bias> >> leaky_relu_with<0.25> >> dense<1>;
constexpr auto ends_in_sigmoid = input<2> >> dense<3> >> weft::tanh >> dense<2> >> sigmoid;
constexpr auto with_convolution = input<1, 4, 4> >> conv2d<2, kernel<3>> >> flatten >> dense<4> >> relu >> dense<3>;
constexpr auto with_residual = input<4> >> dense<4> >> residual(relu >> dense<4>) >> dense<2>;
constexpr auto with_dropout = input<4> >> dense<4> >> relu >> dropout<0.5> >> dense<2>;
constexpr auto with_norm = input<4> >> dense<4> >> layer_norm >> dense<2>;
constexpr auto two_readers = input<4> >> dense<4> >> relu >> concat(dense<2>, dense<3>);
constexpr auto two_functions = input<4> >> dense<4> >> relu >> sigmoid >> dense<2>;
constexpr auto function_first = input<4> >> relu >> dense<2>;
constexpr auto of_steps = input<3, 4> >> dense<4> >> relu >> dense<2>;
// clang-format on

}  // namespace

TEST_CASE("an mlp: widths, functions, biases and places of its parameters", "[graph]") {
    constexpr auto m = inference_of<plain>();
    static_assert(m.depth == 3 && m.loss == mlp_loss::none);
    static_assert(m.layers[0].in == 5 && m.layers[0].out == 4 && m.layers[1].out == 16);
    static_assert(m.layers[2].in == 16 && m.layers[2].out == 3);
    static_assert(m.layers[0].fn == function::relu && m.layers[1].fn == function::gelu &&
                  m.layers[2].fn == function::none);
    static_assert(m.layers[0].bias && !m.layers[1].bias && m.layers[2].bias);
    static_assert(m.layers[0].weight_at == 0 && m.layers[0].bias_at == 20 && m.layers[1].weight_at == 24 &&
                  m.layers[2].weight_at == 88 && m.layers[2].bias_at == 136);
    static_assert(m.output == program<network_of<plain>>::source.output);
    STATIC_REQUIRE(m.parameters() == program<network_of<plain>>::source.parameter_size);
}

TEST_CASE("an mlp may start from an image and end in a function", "[graph]") {
    constexpr auto m = inference_of<image>();
    static_assert(m.depth == 2 && m.layers[0].in == 16 && m.layers[0].fn == function::leaky_relu);
    static_assert(m.layers[0].bits == to_bits(0.25f) && m.layers[1].out == 1 && m.layers[1].bias);
    STATIC_REQUIRE(inference_of<ends_in_sigmoid>().layers[1].fn == function::sigmoid);
}

TEST_CASE("other networks are no mlp", "[graph]") {
    static_assert(!inference_of<with_convolution>());
    static_assert(!inference_of<with_residual>());
    static_assert(!inference_of<with_norm>());
    static_assert(!inference_of<two_readers>());
    static_assert(!inference_of<two_functions>());
    static_assert(!inference_of<function_first>());
    static_assert(!inference_of<of_steps>());
    STATIC_REQUIRE(inference_of<with_dropout>());  // for predictions there is no dropout
}

TEST_CASE("an mlp's training: the layers and the loss", "[graph]") {
    constexpr auto c = training_of<plain, softmax_cross_entropy_loss<>>();
    static_assert(c.depth == 3 && c.loss == mlp_loss::cross_entropy && !c.soft_targets && c.loss_bits == 0);
    static_assert(c.layers[1].out == 16 && c.layers[1].fn == function::gelu && c.layers[2].bias);
    constexpr auto s = training_of<plain, softmax_cross_entropy_loss<label_smoothing<0.5>, soft_targets>>();
    static_assert(s.soft_targets && s.loss_bits == to_bits(0.5f));
    constexpr auto d = training_of<ends_in_sigmoid, mean_squared_error_loss>();
    static_assert(d.depth == 2 && d.loss == mlp_loss::difference && d.loss_fn == function::square);
    static_assert(d.divisor == 2 && d.layers[1].fn == function::sigmoid);
    static_assert(
        d.output ==
        program<network_of<ends_in_sigmoid>, mean_squared_error_loss, purpose::training>::source.output);
    constexpr auto h = training_of<image, huber_loss<2.>>();
    STATIC_REQUIRE((h.loss_fn == function::huber && h.loss_bits == to_bits(2.f) && h.layers[1].out == 1));
}

TEST_CASE("other training is no mlp's", "[graph]") {
    static_assert(!training_of<with_convolution, softmax_cross_entropy_loss<>>());
    static_assert(!training_of<with_residual, mean_squared_error_loss>());
    static_assert(!training_of<with_dropout, mean_squared_error_loss>());
    static_assert(!training_of<with_norm, softmax_cross_entropy_loss<>>());
    static_assert(!training_of<two_readers, mean_squared_error_loss>());
    static_assert(!training_of<plain, binary_cross_entropy_loss>());
    STATIC_REQUIRE(!training_of<plain, softmax_cross_entropy_loss<class_weights>>());
}
