// title: An epsilon of infinity
// why: Everything divided by it would be 0.
// expect: meaningless_option
// expect: layer_norm_layer
// expect: epsilon
#include <limits>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> layer_norm_with<epsilon<1e-3>>;
#else
constexpr auto net = input<8> >> layer_norm_with<epsilon<std::numeric_limits<float>::infinity()>>;
#endif

int main() {}
