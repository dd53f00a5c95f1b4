// title: A log-softmax over an axis that is not there
// why: An image has the axes 0, 1 and 2.
// expect: log_softmax_layer<(weft::)?axis<3>
// expect: rank_at_least<4>
// expect: shape<3, 8, 8>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> log_softmax_with<axis<2>>;
#else
constexpr auto net = input<3, 8, 8> >> log_softmax_with<axis<3>>;
#endif

int main() {}
