// title: A residual body that changes the shape
// why: Body and input are added, so the body keeps the shape, or a shortcut changes it too.
// expect: layer<1>
// expect: residual_layer
// expect: needs<(weft::)?shape<16, 8, 8>
// expect: got<(weft::)?shape<32, 8, 8>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16, 8, 8> >> residual(conv2d<32, kernel<3>, padding<1>>, conv2d<32>);
#else
constexpr auto net = input<16, 8, 8> >> residual(conv2d<32, kernel<3>, padding<1>>);
#endif

int main() {}
