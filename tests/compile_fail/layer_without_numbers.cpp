// title: A layer without its number
// why: `dense` alone does not say how many features.
// expect: error
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> dense<4>;
#else
constexpr auto net = input<8> >> dense;
#endif

int main() {}
