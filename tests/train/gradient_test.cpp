/// Gradients of every layer and every loss by central differences in double, and of fused programs against
/// the graphs they came from.

#include "gradients.hpp"
#include "networks.hpp"

using namespace weft;
using gradients::check;

namespace {

// clang-format off
constexpr auto with_dropout = input<6> >> dense<8> >> relu >> dropout<0.5> >> dense<8> >> weft::tanh
    >> dropout<0.25> >> dense<3>;
constexpr auto linear = input<4> >> dense<3>;
constexpr auto even = input<4> >> dense<5> >> weft::tanh >> dense<6>;
// clang-format on

}  // namespace

TEST_CASE("gradients of convolutions", "[train][gradient]") {
    check<networks::conv>("conv", mean_squared_error);
    check<networks::conv_wide>("conv_wide", mean_squared_error);
    check<networks::depthwise>("depthwise", mean_squared_error);
}
TEST_CASE("gradients of pools", "[train][gradient]") { check<networks::pools>("pools", mean_squared_error); }
TEST_CASE("gradients of normalisation", "[train][gradient]") {
    check<networks::batch_normalized>("batch_norm", mean_squared_error, 2, 5);
    check<networks::layer_normalized>("layer_norm", mean_squared_error);
}
TEST_CASE("gradients of dense layers and activations", "[train][gradient]") {
    check<networks::steps_of_features>("dense", mean_squared_error);
    check<networks::activations_1>("activations_1", mean_squared_error);
    check<networks::activations_2>("activations_2", mean_squared_error);
    check<networks::softmax_axes>("softmax_axes", mean_squared_error);
    check<networks::activations_3>("activations_3", mean_squared_error);
}
TEST_CASE("gradients of combinators", "[train][gradient]") {
    check<networks::joins>("joins", mean_squared_error);
    check<networks::nested>("nested", mean_squared_error);
}
TEST_CASE("gradients through dropout", "[train][gradient]") {
    check<with_dropout>("dropout", softmax_cross_entropy);
}
TEST_CASE("gradients of losses", "[train][gradient]") {
    const std::vector<float> weights = {0.5f, 2.f, 1.25f};
    check<linear>("labels", softmax_cross_entropy);
    check<linear>("smoothing and weights",
                  softmax_cross_entropy_with<label_smoothing<0.1>, class_weights>.weights(weights));
    check<linear>(
        "soft targets",
        softmax_cross_entropy_with<soft_targets, label_smoothing<0.1>, class_weights>.weights(weights));
    check<linear>("binary", binary_cross_entropy_with_logits);
    check<linear>("absolute", mean_absolute_error);
    check<linear>("huber", huber_with<0.5>);
    check<linear>("weights of positives", binary_cross_entropy_with_logits.pos_weight(weights));
    check<linear>("cosine", cosine_distance);
    check<even>("gaussian", gaussian_nll);  // of slices
}
