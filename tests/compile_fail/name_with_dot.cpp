// title: A name with a dot
// why: Dots separate the names of parts inside parts, as in PyTorch's state_dict.
// expect: a_name_of_one_character_or_more_without_dots
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> named<"body">(named<"head">(dense<3>));
#else
constexpr auto net = input<3> >> named<"body.head">(dense<3>);
#endif

int main() {}
