// title: A residual mismatch inside a concat
// why: What is at fault is the residual itself, and the place says which.
// expect: at<(weft::)?layer<1>, (weft::)?in_concat<1>, (weft::)?layer<2>
// expect: residual_layer
// expect: needs<(weft::)?shape<8, 6, 6>
// expect: got<(weft::)?shape<4, 6, 6>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 6, 6> >> concat(conv2d<8> >> residual(conv2d<8>), conv2d<2>);
#else
constexpr auto net = input<3, 6, 6> >> concat(conv2d<8> >> residual(conv2d<4>), conv2d<2>);
#endif

int main() {}
