// title: Pooling of features
// why: Pooling works on images: pool before you flatten.
// expect: layer<2>
// expect: max_pool2d_layer<2, 2>
// expect: channels_height_width
// expect: shape<768>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 16, 16> >> max_pool2d<2> >> flatten;
#else
constexpr auto net = input<3, 16, 16> >> flatten >> max_pool2d<2>;
#endif

int main() {}
