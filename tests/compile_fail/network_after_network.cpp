// title: A network after a network
// why: A part that is used in networks is a block: it has no input of its own.
// expect: unexpected_input<(weft::)?shape<64>
// expect: only at the start
#include <weft/weft.hpp>

using namespace weft;

constexpr auto head = relu >> dense<10>;

#ifdef WEFT_OK
constexpr auto net = input<784> >> dense<64> >> head;
#else
constexpr auto net = input<784> >> dense<64> >> (input<64> >> head);
#endif

int main() {}
