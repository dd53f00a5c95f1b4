// title: A wrong option inside a block that is a template
// why: The message holds the line of the block and the line that uses it.
// expect: meaningless_option
// expect: stride<0>
// expect: conv3
// expect: stage
#include <weft/weft.hpp>

using namespace weft;

template <int Step>
constexpr auto conv3 = conv2d<8, kernel<3>, stride<Step>> >> batch_norm >> relu;
template <int Step>
constexpr auto stage = conv3<Step> >> conv2d<4>;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> stage<1>;
#else
constexpr auto net = input<3, 8, 8> >> stage<0>;
#endif

int main() {}
