// title: The name of a layer as a string
// why: Layers are values: no quotes.
// expect: not_a_layer<(const )?char
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> relu;
#else
constexpr auto net = input<6> >> "relu";
#endif

int main() {}
