/// Dense layers, layer normalisation and activations against PyTorch.

#include "networks.hpp"
#include "parity_layers.hpp"

using namespace weft;
using golden::follow;
using golden::follow_everywhere;

TEST_CASE("dense layers match PyTorch", "[train][parity]") {
    follow_everywhere<networks::dense_only>("dense");
    follow_everywhere<networks::steps_of_features>("dense_steps");
    follow<networks::steps_of_features, cpu_policy<double>>("dense_steps");
}
TEST_CASE("layer normalisation matches PyTorch", "[train][parity]") {
    follow_everywhere<networks::layer_normalized>("layer_norm");
}
TEST_CASE("activations match PyTorch", "[train][parity]") {
    follow_everywhere<networks::activations_1>("activations_1");
    follow_everywhere<networks::activations_2>("activations_2");
    follow<networks::activations_2, cpu_policy<double>>("activations_2");
    follow_everywhere<networks::activations_3>("activations_3");
}
