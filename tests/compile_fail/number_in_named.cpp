// title: A number inside named
// why: A name goes around a layer or a block.
// expect: not_a_layer<int>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> named<"head">(dense<10>);
#else
constexpr auto net = input<6> >> named<"head">(10);
#endif

int main() {}
