// title: An input larger than can be counted
// why: 100000 x 100000 numbers do not fit an int.
// expect: impossible_shape<1, 100000, 100000>
// expect: at most 2147483647
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 10000, 10000> >> max_pool2d<2>;
#else
constexpr auto net = input<1, 100000, 100000> >> max_pool2d<2>;
#endif

int main() {}
