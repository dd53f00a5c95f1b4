// title: A reshape to another size
// why: 8 x 5 x 5 has 200 numbers, and 128 arrive.
// expect: layer<2>
// expect: reshape_layer<8, 5, 5>
// expect: elements<200>
// expect: shape<128>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<16> >> dense<200> >> reshape<8, 5, 5>;
#else
constexpr auto net = input<16> >> dense<128> >> reshape<8, 5, 5>;
#endif

int main() {}
