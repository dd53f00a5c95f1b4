// title: A momentum for layer_norm
// why: It keeps no running statistics.
// expect: unknown_option
// expect: layer_norm_layer
// expect: momentum
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> layer_norm_with<epsilon<1e-6>>;
#else
constexpr auto net = input<8> >> layer_norm_with<momentum<0.2>>;
#endif

int main() {}
