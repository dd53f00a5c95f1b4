// title: Groups for a depthwise convolution
// why: Its groups are its channels.
// expect: unknown_option
// expect: depthwise_conv2d_layer
// expect: groups<3>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<1, kernel<3>>;
#else
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<1, kernel<3>, groups<3>>;
#endif

int main() {}
