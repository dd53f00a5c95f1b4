// title: Groups that do not divide the filters
// why: Each group makes as many of the 10 filters, so 4 groups cannot.
// expect: conv2d_layer<10, (weft::)?kernel<3>, (weft::)?groups<4>
// expect: groups_that_divide_the_filters
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<8, 9, 9> >> conv2d<12, kernel<3>, groups<4>>;
#else
constexpr auto net = input<8, 9, 9> >> conv2d<10, kernel<3>, groups<4>>;
#endif

int main() {}
