// title: More parameters than can be counted
// why: The parameters of all layers lie in one buffer.
// expect: layer<2>, (weft::)?dense_layer<40000>
// expect: at_most_2147483647_parameters
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<40000> >> dense<40000> >> dense<4>;
#else
constexpr auto net = input<40000> >> dense<40000> >> dense<40000>;
#endif

int main() { model<net, reference> m; }
