// title: Groups that do not divide the channels
// why: Each group takes as many of the channels, so their number divides 6: 1, 2, 3 or 6.
// expect: layer<1>
// expect: groups<4>
// expect: channels_that_groups_divide<4>
// expect: shape<6, 14, 14>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6, 14, 14> >> conv2d<8, kernel<3>, groups<2>>;
#else
constexpr auto net = input<6, 14, 14> >> conv2d<8, kernel<3>, groups<4>>;
#endif

int main() {}
