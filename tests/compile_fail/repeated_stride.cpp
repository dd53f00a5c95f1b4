// title: An option given twice
// why: One of the two strides is a slip of the pen.
// expect: repeated_option
// expect: conv2d_layer<8
// expect: stride<1>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, stride<2>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, stride<2>, kernel<3>, stride<1>>;
#endif

int main() {}
