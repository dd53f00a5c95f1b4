// title: concat of one branch
// why: Joining takes two.
// expect: wrong_number_of_parts
// expect: two to eight
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> concat(dense<3>, dense<4>);
#else
constexpr auto net = input<3> >> concat(dense<3>);
#endif

int main() {}
