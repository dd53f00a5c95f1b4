// title: Dilation that spreads a kernel beyond the image
// why: A kernel of 3 with dilation 8 spans 17 pixels.
// expect: layer<1>
// expect: dilation<8>
// expect: at_least<17, 17>
// expect: shape<3, 16, 16>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 16, 16> >> conv2d<8, kernel<3>, dilation<7>>;
#else
constexpr auto net = input<3, 16, 16> >> conv2d<8, kernel<3>, dilation<8>>;
#endif

int main() {}
