/// Pools and batch normalisation against PyTorch.

#include "networks.hpp"
#include "parity_layers.hpp"

using namespace weft;
using golden::follow;
using golden::follow_everywhere;

TEST_CASE("pools match PyTorch", "[train][parity]") { follow_everywhere<networks::pools>("pools"); }
TEST_CASE("batch normalisation matches PyTorch", "[train][parity]") {
    follow_everywhere<networks::batch_normalized>("batch_norm");
    follow<networks::batch_normalized, cpu_policy<double>>("batch_norm");
}
