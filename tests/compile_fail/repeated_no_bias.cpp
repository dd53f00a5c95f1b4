// title: no_bias twice
// why: Once is enough.
// expect: repeated_option
// expect: dense_layer<8
// expect: no_bias
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<8, no_bias>;
#else
constexpr auto net = input<3> >> dense<8, no_bias, no_bias>;
#endif

int main() {}
