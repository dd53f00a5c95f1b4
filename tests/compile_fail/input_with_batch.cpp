// title: An input of five sizes
// why: The batch is left out of shapes, and so is the time axis of a video.
// expect: impossible_shape<16, 3, 8, 32, 32>
// expect: one to four sizes
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 32, 32> >> relu;
#else
constexpr auto net = input<16, 3, 8, 32, 32> >> relu;
#endif

int main() {}
