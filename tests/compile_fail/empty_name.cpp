// title: An empty name
// why: Parameters are saved under the name.
// expect: a_name_of_one_character_or_more_without_dots
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> named<"head">(dense<3>);
#else
constexpr auto net = input<3> >> named<"">(dense<3>);
#endif

int main() {}
