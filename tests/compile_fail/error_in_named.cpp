// title: A mistake inside a named layer
// why: A name changes nothing else.
// expect: at<(weft::)?layer<2>, (weft::)?in_named<1>, (weft::)?layer<1>
// expect: dense_layer<10>
// expect: shape<3, 8, 8>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3, 8, 8> >> flatten >> named<"head">(dense<10>);
#else
constexpr auto net = input<3, 8, 8> >> relu >> named<"head">(dense<10>);
#endif

int main() {}
