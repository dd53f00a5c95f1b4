// title: An option as a value
// why: Options are types, so there are no braces after them.
// expect: error
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>{}>;
#endif

int main() {}
