// title: Pooling padded by more than half its window
// why: A window could then lie in the padding alone, and have no largest number.
// expect: max_pool2d_layer<2, 2, (weft::)?padding<2>
// expect: a_padding_of_at_most_half_the_window
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> max_pool2d<3, padding<1>>;
#else
constexpr auto net = input<3, 8, 8> >> max_pool2d<2, padding<2>>;
#endif

int main() {}
