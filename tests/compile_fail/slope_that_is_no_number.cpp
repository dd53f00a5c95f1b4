// title: A slope that is not a number
// why: A parameter of an activation is a finite number; it may be negative.
// expect: activation_layer
// expect: a_finite_parameter
#include <limits>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> leaky_relu_with<-0.2> >> dense<2>;
#else
constexpr auto net = input<3> >> leaky_relu_with<std::numeric_limits<float>::quiet_NaN()> >> dense<2>;
#endif

int main() {}
