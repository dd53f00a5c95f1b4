// title: A number that a template works out wrongly
// why: Half of one filter is none.
// expect: conv2d_layer<0
// expect: at_least_one_filter
// expect: bottleneck
#include <weft/weft.hpp>

using namespace weft;

template <int Filters>
constexpr auto bottleneck = conv2d<Filters / 2> >> relu >> conv2d<Filters, kernel<3>>;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> bottleneck<2>;
#else
constexpr auto net = input<3, 8, 8> >> bottleneck<1>;
#endif

int main() {}
