// title: Zero repetitions
// why: Leave the block out instead.
// expect: repeated<0>
// expect: at_least_one_time
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> repeat<1>(dense<3>);
#else
constexpr auto net = input<3> >> repeat<0>(dense<3>);
#endif

int main() {}
