// title: An axis that no shape has
// why: Shapes have four sizes at most.
// expect: meaningless_option<
// expect: axis<2147483647>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<4> >> softmax_with<axis<0>>;
#else
constexpr auto net = input<4> >> softmax_with<axis<2147483647>>;
#endif

int main() {}
