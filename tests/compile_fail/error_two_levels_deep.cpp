// title: A mistake two levels deep
// why: The place is read from the outside: layer 2 of the network is a concat, whose second part has a residual as its second layer, whose body has the mistake in its third.
// expect: at<(weft::)?layer<2>, (weft::)?in_concat<2>, (weft::)?layer<2>, (weft::)?in_residual<1>, (weft::)?layer<3>
// expect: needs<(weft::)?features_or_steps_features
// expect: shape<8, 14, 14>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 14, 14> >> relu
    >> concat(conv2d<8>, conv2d<8> >> residual(relu >> batch_norm >> conv2d<8>));
#else
constexpr auto net = input<3, 14, 14> >> relu
    >> concat(conv2d<8>, conv2d<8> >> residual(relu >> batch_norm >> dense<8>));
#endif

int main() {}
