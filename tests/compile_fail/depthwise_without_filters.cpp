// title: A depthwise convolution without filters
// why: The number is that of filters for each channel, 1 in most networks.
// expect: depthwise_conv2d_layer<0, (weft::)?kernel<3>
// expect: at_least_one_filter_for_each_channel
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<1, kernel<3>>;
#else
constexpr auto net = input<3, 8, 8> >> depthwise_conv2d<0, kernel<3>>;
#endif

int main() {}
