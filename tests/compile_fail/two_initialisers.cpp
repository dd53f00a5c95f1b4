// title: Two initialisers
// why: Weights start from one distribution.
// expect: repeated_option
// expect: dense_layer<8
// expect: xavier_normal
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<8, kaiming_normal>;
#else
constexpr auto net = input<3> >> dense<8, kaiming_normal, xavier_normal>;
#endif

int main() {}
