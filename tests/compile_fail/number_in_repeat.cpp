// title: A number inside repeat
// why: The number of repetitions stands in angle brackets, the block in parentheses.
// expect: not_a_layer<int>
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<6> >> repeat<3>(dense<6>);
#else
constexpr auto net = input<6> >> repeat<3>(6);
#endif

int main() {}
