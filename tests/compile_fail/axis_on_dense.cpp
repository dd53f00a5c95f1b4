// title: An axis for a dense layer
// why: A dense layer works on the last axis.
// expect: unknown_option
// expect: dense_layer<4
// expect: axis<0>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> dense<4> >> softmax_with<axis<0>>;
#else
constexpr auto net = input<8> >> dense<4, axis<0>>;
#endif

int main() {}
