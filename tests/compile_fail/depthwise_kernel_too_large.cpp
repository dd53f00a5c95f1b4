// title: A depthwise kernel larger than the image
// why: The rule for windows is that of conv2d.
// expect: depthwise_conv2d_layer<2, (weft::)?kernel<5>
// expect: at_least<5, 5>
// expect: shape<3, 4, 4>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 4, 4> >> depthwise_conv2d<2, kernel<5>, padding<2>>;
#else
constexpr auto net = input<3, 4, 4> >> depthwise_conv2d<2, kernel<5>>;
#endif

int main() {}
