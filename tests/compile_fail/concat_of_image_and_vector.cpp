// title: An image beside features
// why: All branches give shapes of as many sizes.
// expect: layer<1>
// expect: concat_layer
// expect: same_shape_but_for_the_first_size_as<(weft::)?shape<8, 14, 14>
// expect: shape<3>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 14, 14> >> concat(conv2d<8, kernel<1>> >> global_avg_pool, global_avg_pool);
#else
constexpr auto net = input<3, 14, 14> >> concat(conv2d<8, kernel<1>>, global_avg_pool);
#endif

int main() {}
