// title: A bare number as an option
// why: Numbers after the first need their name: it is `kernel<3>`.
// expect: error
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, 3>;
#endif

int main() {}
