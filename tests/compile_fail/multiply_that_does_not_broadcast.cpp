// title: A gate of the wrong shape
// why: A gate for each channel has the shape [C, 1, 1], so the features need a reshape.
// expect: layer<1>
// expect: multiply_layer
// expect: broadcastable_to<(weft::)?shape<8, 6, 6>
// expect: shape<8>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8, 6, 6> >> multiply(identity, global_avg_pool >> sigmoid >> reshape<8, 1, 1>);
#else
constexpr auto net = input<8, 6, 6> >> multiply(identity, global_avg_pool >> sigmoid);
#endif

int main() {}
