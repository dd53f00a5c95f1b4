// title: Zero repetitions
// why: Leave the block out instead.
// expect: repeat
// expect: at least 1
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> repeat<1>(dense<3>);
#else
constexpr auto net = input<3> >> repeat<0>(dense<3>);
#endif

int main() {}
