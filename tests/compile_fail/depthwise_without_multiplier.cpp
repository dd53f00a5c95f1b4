// title: A depthwise convolution without its number
// why: The language has no place for a message of weft's here. First comes how many filters each channel has: `depthwise_conv2d<1, kernel<3>>`.
// expect: depthwise_conv2d
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<1, kernel<3>>;
#else
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<kernel<3>>;
#endif

int main() {}
