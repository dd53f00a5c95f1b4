// title: A depthwise convolution on features
// why: As every convolution, it needs an image.
// expect: layer<1>
// expect: depthwise_conv2d_layer<1, (weft::)?kernel<3>
// expect: channels_height_width
// expect: shape<10>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<10, 3, 3> >> depthwise_conv2d<1, kernel<3>>;
#else
constexpr auto net = input<10> >> depthwise_conv2d<1, kernel<3>>;
#endif

int main() {}
