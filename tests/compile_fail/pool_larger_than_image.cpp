// title: A pooling window larger than the image
// why: One pooling too many: nothing is left to pool.
// expect: layer<3>
// expect: max_pool2d_layer<2, 2>
// expect: at_least<2, 2>
// expect: shape<8, 1, 1>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8, 4, 4> >> max_pool2d<2> >> max_pool2d<2>;
#else
constexpr auto net = input<8, 4, 4> >> max_pool2d<2> >> max_pool2d<2> >> max_pool2d<2>;
#endif

int main() {}
