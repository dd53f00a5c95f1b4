// title: Average pooling over more than the image
// why: The last pooling of a network written for larger images; `global_avg_pool` fits any size.
// expect: avg_pool2d_layer<7, 7>
// expect: at_least<7, 7>
// expect: shape<16, 4, 4>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16, 4, 4> >> global_avg_pool;
#else
constexpr auto net = input<16, 4, 4> >> avg_pool2d<7>;
#endif

int main() {}
