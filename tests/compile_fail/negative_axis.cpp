// title: An axis counted from the end
// why: The last axis is the default; others are counted from the front.
// expect: meaningless_option
// expect: softmax_layer
// expect: axis<-1>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<4, 8> >> softmax;
#else
constexpr auto net = input<4, 8> >> softmax_with<axis<-1>>;
#endif

int main() {}
