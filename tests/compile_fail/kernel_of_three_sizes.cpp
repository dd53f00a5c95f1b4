// title: A kernel of three sizes
// why: A kernel is a square, or height and width; the channels follow from the input.
// expect: meaningless_option
// expect: conv2d_layer<8
// expect: kernel<3, 3, 3>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3, 3>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3, 3, 3>>;
#endif

int main() {}
