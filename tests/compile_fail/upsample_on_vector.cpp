// title: Enlarging features
// why: A generator has to give its features the shape of an image before it enlarges them.
// expect: layer<2>
// expect: upsample2d_layer<2, 2>
// expect: channels_height_width
// expect: shape<128>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16> >> dense<128> >> reshape<8, 4, 4> >> upsample2d<2>;
#else
constexpr auto net = input<16> >> dense<128> >> upsample2d<2>;
#endif

int main() {}
