// title: An input without sizes
// why: An input says the shape of one sample.
// expect: impossible_shape<>
// expect: one to four sizes
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<3>;
#else
constexpr auto net = input<> >> dense<3>;
#endif

int main() {}
