// title: A convolution without filters
// why: It would have no result.
// expect: conv2d_layer<0, (weft::)?kernel<3>
// expect: at_least_one_filter
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<1, kernel<3>> >> relu;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<0, kernel<3>> >> relu;
#endif

int main() {}
