// title: Branches of different height and width
// why: concat joins channels, so the rest of the shapes must agree; the branch with kernel 3 needs padding 1.
// expect: layer<1>
// expect: concat_layer
// expect: same_shape_but_for_the_first_size_as<(weft::)?shape<8, 14, 14>
// expect: shape<8, 12, 12>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 14, 14> >> concat(conv2d<8, kernel<1>>, conv2d<8, kernel<3>, padding<1>>);
#else
constexpr auto net = input<3, 14, 14> >> concat(conv2d<8, kernel<1>>, conv2d<8, kernel<3>>);
#endif

int main() {}
