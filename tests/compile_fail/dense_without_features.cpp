// title: A dense layer of no features
// why: A layer of zero numbers is no layer.
// expect: dense_layer<0>
// expect: impossible_layer
// expect: at_least_one_feature
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<1>;
#else
constexpr auto net = input<3> >> dense<0>;
#endif

int main() {}
