// title: A depthwise convolution to more channels than can be counted
// why: Each of its channels has as many filters as the first number says.
// expect: depthwise_conv2d_layer<60000
// expect: at_most_2147483647_numbers
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<60000, 1, 1> >> depthwise_conv2d<1>;
#else
constexpr auto net = input<60000, 1, 1> >> depthwise_conv2d<60000>;
#endif

int main() {}
