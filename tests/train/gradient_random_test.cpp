/// Gradients of the first 15 of 30 random small networks with branches.

#include "random_networks.hpp"

TEST_CASE("gradients of the first random networks", "[train][gradient]") {
    random_networks::check_all<0>(std::make_integer_sequence<int, 15>{});
}
