// title: A network inside residual
// why: The body is a block, without an input.
// expect: unexpected_input<(weft::)?shape<3>
// expect: leave it out
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> residual(dense<3>);
#else
constexpr auto net = input<3> >> residual(input<3> >> dense<3>);
#endif

int main() {}
