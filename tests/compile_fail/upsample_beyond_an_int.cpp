// title: Enlarging to a height that cannot be counted
// why: Each size is an int, and so is the number of all.
// expect: upsample2d_layer<50000, 50000>
// expect: at_most_2147483647_numbers
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 50000, 1> >> upsample2d<2>;
#else
constexpr auto net = input<1, 50000, 1> >> upsample2d<50000>;
#endif

int main() {}
