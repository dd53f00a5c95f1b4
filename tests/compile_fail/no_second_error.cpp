// title: Nothing is said twice
// why: What follows from an error is not reported: not the layers after it, and not the question.
// expect: dense_layer<0>
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<3> >> dense<9> >> relu;
#else
constexpr auto net = input<3> >> dense<0> >> relu;
#endif

constexpr auto larger = net >> reshape<3, 3> >> flatten;
static_assert(output_shape(larger) == shape<9>{});

int main() {}
