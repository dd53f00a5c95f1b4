// title: A mistake in layer 60 of 80
// why: Long networks do not make long messages.
// expect: layer<60>
// expect: needs<(weft::)?elements<4096>
// expect: got<(weft::)?shape<16, 8, 8>
#include <weft/weft.hpp>

using namespace weft;

constexpr auto stage = conv2d<16, kernel<3>, padding<1>> >> batch_norm >> relu >> dropout<0.1>;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> repeat<14>(stage) >> relu >> relu >> relu >> reshape<16, 8, 8>
    >> repeat<5>(stage);
#else
constexpr auto net = input<3, 8, 8> >> repeat<14>(stage) >> relu >> relu >> relu >> reshape<16, 16, 16>
    >> repeat<5>(stage);
#endif

int main() {}
