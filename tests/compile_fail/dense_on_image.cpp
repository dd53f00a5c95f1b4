// title: A dense layer on an image
// why: A dense layer takes features, so an image has to be flattened first.
// expect: layer<3>
// expect: dense_layer<10>
// expect: features_or_steps_features, .*flatten_before_it
// expect: shape<8, 26, 26>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 28, 28> >> conv2d<8, kernel<3>> >> relu >> flatten >> dense<10>;
#else
constexpr auto net = input<1, 28, 28> >> conv2d<8, kernel<3>> >> relu >> dense<10>;
#endif

int main() {}
