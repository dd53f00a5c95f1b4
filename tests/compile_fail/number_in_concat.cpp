// title: A number inside concat
// why: Every branch is a layer or a block.
// expect: not_a_layer<int>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> concat(dense<6>, identity);
#else
constexpr auto net = input<6> >> concat(dense<6>, 0);
#endif

int main() {}
