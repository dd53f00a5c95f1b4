// title: Average pooling padded by more than half its window
// why: The rule is that of max_pool2d, as in PyTorch.
// expect: avg_pool2d_layer<3, 2, (weft::)?padding<1, 2>
// expect: a_padding_of_at_most_half_the_window
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> avg_pool2d<window{3, 2}, padding<1, 1>>;
#else
constexpr auto net = input<3, 8, 8> >> avg_pool2d<window{3, 2}, padding<1, 2>>;
#endif

int main() {}
