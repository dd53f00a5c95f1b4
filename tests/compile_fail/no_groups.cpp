// title: Zero groups
// why: One group is the ordinary convolution.
// expect: meaningless_option
// expect: conv2d_layer<8
// expect: groups<0>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, groups<1>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, groups<0>>;
#endif

int main() {}
