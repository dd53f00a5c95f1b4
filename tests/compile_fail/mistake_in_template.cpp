// title: A mistake inside a block that is a template
// why: A block fits any shape, so the message leads to the line where it meets an input.
// expect: layer<1>
// expect: kernel<3>
// expect: shape<3, 2, 2>
#include <weft/weft.hpp>

using namespace weft;

template <int Filters>
constexpr auto conv3 = conv2d<Filters, kernel<3>, no_bias> >> batch_norm >> relu;

#ifdef WEFT_OK
constexpr auto net = input<3, 4, 4> >> conv3<8>;
#else
constexpr auto net = input<3, 2, 2> >> conv3<8>;
#endif

int main() {}
