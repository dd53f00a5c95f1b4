// title: An option that is none
// why: An option is one of those that weft names.
// expect: unknown_option
// expect: conv2d_layer<8
// expect: same_padding
#include <weft/weft.hpp>

using namespace weft;

struct same_padding {};

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, padding<1>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, same_padding>;
#endif

int main() {}
