// title: A concat of more numbers than can be counted
// why: The branches' channels add up, and so do their numbers.
// expect: concat_layer<
// expect: at_most_2147483647_numbers
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<1, 40000, 20000> >> concat(identity, identity);
#else
constexpr auto net = input<1, 40000, 20000> >> concat(identity, identity, identity);
#endif

int main() {}
