// title: An input after an input
// why: A network has its input at the start only.
// expect: unexpected_input<(weft::)?shape<4>
// expect: only at the start
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<4>;
#else
constexpr auto net = input<3> >> input<4>;
#endif

int main() {}
