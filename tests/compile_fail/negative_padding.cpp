// title: A negative padding
// why: Padding adds pixels; it takes none away.
// expect: meaningless_option
// expect: conv2d_layer<8
// expect: padding<-1>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, padding<0>>;
#else
constexpr auto net = input<3, 8, 8> >> conv2d<8, kernel<3>, padding<-1>>;
#endif

int main() {}
