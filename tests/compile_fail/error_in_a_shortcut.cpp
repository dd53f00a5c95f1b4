// title: A mistake inside a shortcut
// why: The place says: layer 2, in it the second part of residual, in that the first layer.
// expect: at<(weft::)?layer<2>, (weft::)?in_residual<2>, (weft::)?layer<1>
// expect: conv2d_layer<16, (weft::)?kernel<9>
// expect: shape<16, 8, 8>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16, 8, 8> >> relu >> residual(identity, conv2d<16, kernel<9>, padding<4>>);
#else
constexpr auto net = input<16, 8, 8> >> relu >> residual(identity, conv2d<16, kernel<9>>);
#endif

int main() {}
