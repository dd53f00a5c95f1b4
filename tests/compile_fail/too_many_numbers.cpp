// title: More numbers than can be counted
// why: Enlarging by 1000 in both directions, twice, is beyond what an array holds.
// expect: layer<2>
// expect: upsample2d_layer<1000, 1000>
// expect: at_most_2147483647_numbers
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 2, 2> >> upsample2d<1000>;
#else
constexpr auto net = input<1, 2, 2> >> upsample2d<1000> >> upsample2d<1000>;
#endif

int main() {}
