// title: Sizes in parentheses
// why: Sizes are known while compiling, so they stand in angle brackets.
// expect: error
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> dense<4>;
#else
constexpr auto net = input<8> >> dense(4);
#endif

int main() {}
