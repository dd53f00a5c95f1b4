// title: A momentum above 1
// why: It is the share of the newest batch in the running statistics.
// expect: meaningless_option
// expect: batch_norm_layer
// expect: momentum
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8> >> batch_norm_with<momentum<0.9>>;
#else
constexpr auto net = input<8> >> batch_norm_with<momentum<9.0>>;
#endif

int main() {}
