// title: A sum of shapes that do not fit
// why: Sizes are equal or 1, counted from the right.
// expect: layer<2>
// expect: add_layer
// expect: broadcastable_to<(weft::)?shape<8>
// expect: shape<6>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<4> >> relu >> add(dense<8>, dense<1>);
#else
constexpr auto net = input<4> >> relu >> add(dense<8>, dense<6>);
#endif

int main() {}
