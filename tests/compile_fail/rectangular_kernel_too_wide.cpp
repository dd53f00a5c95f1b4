// title: A rectangular kernel that is too wide
// why: Only the width is at fault; with the padding taken off, the image must be 7 pixels wide.
// expect: conv2d_layer<4, (weft::)?kernel<1, 9>, (weft::)?padding<0, 1>
// expect: at_least<1, 7>
// expect: shape<1, 6, 6>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 6, 6> >> conv2d<4, kernel<1, 9>, padding<0, 2>>;
#else
constexpr auto net = input<1, 6, 6> >> conv2d<4, kernel<1, 9>, padding<0, 1>>;
#endif

int main() {}
