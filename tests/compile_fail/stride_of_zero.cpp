// title: A stride of zero
// why: The window would never move on.
// expect: meaningless_option
// expect: conv2d_layer<8
// expect: stride<0>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, stride<1>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, stride<0>>;
#endif

int main() {}
