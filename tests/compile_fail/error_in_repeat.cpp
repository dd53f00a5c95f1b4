// title: A mistake in a repeated block
// why: Each repetition halves the image, and the fourth finds one pixel. Its pool is the eighth layer.
// expect: layer<8>
// expect: max_pool2d_layer<2, 2>
// expect: shape<8, 1, 1>
#include <weft/weft.hpp>

using namespace weft;

constexpr auto stage = conv2d<8, kernel<3>, padding<1>> >> max_pool2d<2>;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> repeat<3>(stage);
#else
constexpr auto net = input<3, 8, 8> >> repeat<4>(stage);
#endif

int main() {}
