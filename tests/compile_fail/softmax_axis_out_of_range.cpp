// title: A softmax over an axis that is not there
// why: Axes are counted from 0, the batch left out, so features have axis 0 alone.
// expect: layer<2>
// expect: softmax_layer<(weft::)?axis<1>
// expect: rank_at_least<2>
// expect: shape<10>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<4> >> dense<10> >> softmax_with<axis<0>>;
#else
constexpr auto net = input<4> >> dense<10> >> softmax_with<axis<1>>;
#endif

int main() {}
