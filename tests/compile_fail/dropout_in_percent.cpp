// title: A dropout in percent
// why: The rate is a share, not a percentage.
// expect: dropout_layer
// expect: a_rate_of_at_least_0_and_below_1
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<2> >> dropout<0.2>;
#else
constexpr auto net = input<3> >> dense<2> >> dropout<20.0>;
#endif

int main() {}
