/// Convolutions against PyTorch.

#include "networks.hpp"
#include "parity_layers.hpp"

using golden::follow_everywhere;

TEST_CASE("convolutions match PyTorch", "[train][parity]") {
    follow_everywhere<networks::conv>("conv");
    follow_everywhere<networks::conv_wide>("conv_wide");
    follow_everywhere<networks::depthwise>("depthwise");
}
