// title: A reshape to five sizes
// why: Shapes have four sizes at most.
// expect: impossible_shape<2, 2, 2, 2, 2>
// expect: one to four sizes
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<32> >> reshape<2, 2, 2, 4>;
#else
constexpr auto net = input<32> >> reshape<2, 2, 2, 2, 2>;
#endif

int main() {}
