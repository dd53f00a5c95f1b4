// title: A name for nothing
// why: A name goes around a layer or a block.
// expect: wrong_number_of_parts
// expect: named and repeat one
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> named<"head">(dense<2>);
#else
constexpr auto net = input<3> >> named<"head">();
#endif

int main() {}
