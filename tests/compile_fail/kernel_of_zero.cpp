// title: A kernel of no size
// why: It would see nothing.
// expect: meaningless_option
// expect: conv2d_layer<8
// expect: kernel<0>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<1>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<0>>;
#endif

int main() {}
