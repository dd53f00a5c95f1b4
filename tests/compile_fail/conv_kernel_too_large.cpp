// title: A kernel larger than the image
// why: Two poolings leave 5 x 5 pixels, where a kernel of 7 x 7 has no place.
// expect: layer<4>
// expect: conv2d_layer<16, (weft::)?kernel<7>
// expect: at_least<7, 7>
// expect: shape<6, 5, 5>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 20, 20>
    >> conv2d<6, kernel<5>, padding<2>> >> max_pool2d<2> >> max_pool2d<2>
    >> conv2d<16, kernel<5>>;
#else
constexpr auto net = input<1, 20, 20>
    >> conv2d<6, kernel<5>, padding<2>> >> max_pool2d<2> >> max_pool2d<2>
    >> conv2d<16, kernel<7>>;
#endif

int main() {}
