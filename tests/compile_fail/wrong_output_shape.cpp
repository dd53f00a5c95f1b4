// title: A promise about the output that does not hold
// why: `static_assert` on `output_shape` states what a network is meant to give.
// expect: static.assert
// expect: ten classes
#include <weft/weft.hpp>

using namespace weft;

constexpr auto net = input<4> >> dense<10>;

#ifdef WEFT_OK
static_assert(output_shape(net) == shape<10>{}, "ten classes");
#else
static_assert(output_shape(net) == shape<9>{}, "ten classes");
#endif

int main() {}
