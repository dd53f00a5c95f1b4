// title: A dropout of everything
// why: The rate is the share that is dropped; at 1 nothing is left to scale.
// expect: dropout_layer
// expect: a_rate_of_at_least_0_and_below_1
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dropout<0.5> >> dense<2>;
#else
constexpr auto net = input<3> >> dropout<1.0> >> dense<2>;
#endif

int main() {}
