// title: An option in the place of a layer
// why: Options stand in a layer's angle brackets.
// expect: not_a_layer<(weft::)?kernel<3>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 6, 6> >> conv2d<4, kernel<3>>;
#else
constexpr auto net = input<1, 6, 6> >> kernel<3>{};
#endif

int main() {}
