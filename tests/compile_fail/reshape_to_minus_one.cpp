// title: A reshape with a size to be guessed
// why: Where PyTorch takes -1, weft wants the number: it is known while compiling.
// expect: impossible_shape<-1, 8>
// expect: all positive
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
constexpr auto net = input<32> >> reshape<4, 8>;
#else
constexpr auto net = input<32> >> reshape<-1, 8>;
#endif

int main() {}
