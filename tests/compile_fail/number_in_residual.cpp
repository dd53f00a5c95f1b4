// title: A number inside residual
// why: The body is a layer or a block.
// expect: not_a_layer<int>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> residual(dense<6>);
#else
constexpr auto net = input<6> >> residual(6);
#endif

int main() {}
