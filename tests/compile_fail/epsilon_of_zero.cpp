// title: An epsilon of zero
// why: It keeps the square root away from zero.
// expect: meaningless_option
// expect: batch_norm_layer
// expect: epsilon
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> batch_norm_with<epsilon<1e-3>>;
#else
constexpr auto net = input<8> >> batch_norm_with<epsilon<0.0>>;
#endif

int main() {}
