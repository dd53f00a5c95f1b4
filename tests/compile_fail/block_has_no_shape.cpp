// title: The shape of a block
// why: A block fits any input, so it has no output shape of its own.
// expect: no_input
// expect: has no input
#include <weft/weft.hpp>

using namespace weft;

constexpr auto head = relu >> dense<10>;

#ifdef WEFT_OK
constexpr auto shape_of_it = output_shape(input<3> >> head);
#else
constexpr auto shape_of_it = output_shape(head);
#endif

int main() {}
