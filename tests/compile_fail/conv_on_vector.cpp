// title: A convolution on features
// why: After a dense layer there is no image left, only features. Convolve first, or `reshape`.
// expect: shape_mismatch
// expect: layer<2>
// expect: conv2d_layer<8, (weft::)?kernel<3>
// expect: needs<(weft::)?channels_height_width>
// expect: got<(weft::)?shape<48>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<10> >> dense<48> >> reshape<3, 4, 4> >> conv2d<8, kernel<3>>;
#else
constexpr auto net = input<10> >> dense<48> >> conv2d<8, kernel<3>>;
#endif

int main() {}
