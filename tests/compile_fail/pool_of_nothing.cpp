// title: A pooling window of no size
// why: It would pool nothing.
// expect: max_pool2d_layer<0, 0>
// expect: a_window_of_at_least_one_pixel
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> max_pool2d<2> >> relu;
#else
constexpr auto net = input<3, 8, 8> >> max_pool2d<0> >> relu;
#endif

int main() {}
