// title: no_bias for batch_norm
// why: Scale and shift are left out together, by `no_affine`.
// expect: unknown_option
// expect: batch_norm_layer
// expect: no_bias
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> batch_norm_with<no_affine>;
#else
constexpr auto net = input<8> >> batch_norm_with<no_bias>;
#endif

int main() {}
