// title: A million repetitions
// why: A network has no room for so many layers, and compilers no patience.
// expect: repeated<1000000>
// expect: at_most_4096_layers
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> repeat<10>(dense<3>);
#else
constexpr auto net = input<3> >> repeat<1000000>(dense<3>);
#endif

int main() {}
