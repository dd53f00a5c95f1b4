// title: Enlarging by zero
// why: Nothing would be left.
// expect: upsample2d_layer<0, 0>
// expect: a_factor_of_at_least_1
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> upsample2d<2>;
#else
constexpr auto net = input<3, 8, 8> >> upsample2d<0>;
#endif

int main() {}
