/// Softmax and combinators against PyTorch.

#include "networks.hpp"
#include "parity_layers.hpp"

using golden::follow_everywhere;

TEST_CASE("softmax over each axis matches PyTorch", "[train][parity]") {
    follow_everywhere<networks::softmax_axes>("softmax_axes");
}
TEST_CASE("combinators match PyTorch", "[train][parity]") {
    follow_everywhere<networks::joins>("joins");
    follow_everywhere<networks::nested>("nested");
}
