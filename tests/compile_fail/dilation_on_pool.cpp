// title: Dilation for a pool
// why: Pools have a stride and a padding.
// expect: unknown_option
// expect: max_pool2d_layer<2, 2
// expect: dilation<2>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> max_pool2d<2, stride<1>>;
#else
constexpr auto net = input<3, 8, 8> >> max_pool2d<2, dilation<2>>;
#endif

int main() {}
