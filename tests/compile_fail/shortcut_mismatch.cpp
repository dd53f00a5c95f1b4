// title: A shortcut of another shape
// why: The body halves the image, so the shortcut has to as well.
// expect: layer<1>
// expect: residual_layer
// expect: needs<(weft::)?shape<32, 8, 8>
// expect: got<(weft::)?shape<32, 4, 4>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16, 8, 8>
    >> residual(conv2d<32, kernel<3>, padding<1>, stride<2>>, conv2d<32, stride<2>>);
#else
constexpr auto net = input<16, 8, 8>
    >> residual(conv2d<32, kernel<3>, padding<1>, stride<2>>, conv2d<32>);
#endif

int main() {}
