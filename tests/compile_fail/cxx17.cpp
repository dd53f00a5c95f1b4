// title: C++17
// why: A network is a template argument, which C++17 does not know.
// expect: weft needs C\+\+20: compile with -std=c\+\+20
// flags: -std=c++17
#include <weft/weft.hpp>

#ifdef WEFT_OK
#else
#endif

constexpr auto net = weft::input<4> >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
