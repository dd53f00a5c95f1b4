// title: A kernel for a dense layer
// why: The option exists, but not for this layer.
// expect: unknown_option
// expect: dense_layer<8, (weft::)?kernel<3>
// expect: does not have this option
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<8, no_bias>;
#else
constexpr auto net = input<3> >> dense<8, kernel<3>>;
#endif

int main() {}
