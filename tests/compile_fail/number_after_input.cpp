// title: A number in an expression
// why: `dense<3>` was meant.
// expect: not_a_layer<int>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> dense<3>;
#else
constexpr auto net = input<6> >> 3;
#endif

int main() {}
