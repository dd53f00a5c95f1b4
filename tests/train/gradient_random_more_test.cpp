/// Gradients of the other 15 of 30 random small networks with branches.

#include "random_networks.hpp"

TEST_CASE("gradients of the other random networks", "[train][gradient]") {
    random_networks::check_all<15>(std::make_integer_sequence<int, 15>{});
}
