// title: An input of size zero
// why: Every size is at least 1.
// expect: impossible_shape<0>
// expect: all positive
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1> >> dense<3>;
#else
constexpr auto net = input<0> >> dense<3>;
#endif

int main() {}
