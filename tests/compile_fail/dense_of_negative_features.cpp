// title: A dense layer of fewer than no features
// why: Often the result of a calculation, such as `classes - 2`.
// expect: dense_layer<-1>
// expect: impossible_layer
// expect: at_least_one_feature
#include <weft/weft.hpp>

using namespace weft;

constexpr int classes = 1;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<classes>;
#else
constexpr auto net = input<3> >> dense<classes - 2>;
#endif

int main() {}
