// title: exclude_padding for max_pool2d
// why: Padding counts as minus infinity there, so there is nothing to exclude. The option is avg_pool2d's.
// expect: unknown_option
// expect: max_pool2d_layer
// expect: exclude_padding
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> avg_pool2d<3, padding<1>, exclude_padding>;
#else
constexpr auto net = input<3, 8, 8> >> max_pool2d<3, padding<1>, exclude_padding>;
#endif

int main() {}
