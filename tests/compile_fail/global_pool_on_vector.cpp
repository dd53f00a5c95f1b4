// title: Global pooling of features
// why: There are no pixels left to average.
// expect: layer<2>
// expect: global_avg_pool_layer
// expect: channels_height_width
// expect: shape<16>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16, 4, 4> >> global_avg_pool >> dense<3>;
#else
constexpr auto net = input<16, 4, 4> >> global_avg_pool >> global_avg_pool;
#endif

int main() {}
