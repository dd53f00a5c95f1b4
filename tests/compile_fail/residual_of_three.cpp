// title: residual with three parts
// why: It has a body and at most one shortcut; `add` sums more branches.
// expect: wrong_number_of_parts
// expect: one or two parts
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> add(dense<3>, dense<3>, identity);
#else
constexpr auto net = input<3> >> residual(dense<3>, dense<3>, identity);
#endif

int main() {}
