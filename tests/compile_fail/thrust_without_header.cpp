// title: weft::thrust without its header
// why: Include `weft/thrust.hpp`. (weft.hpp does not declare the name, or a program's own `thrust::` would be ambiguous beside `using namespace weft`.)
// expect: thrust
// errors: 4
#include <weft/weft.hpp>

constexpr auto net = weft::input<4> >> weft::dense<3>;

int main() {
#ifdef WEFT_OK
    weft::model<net, weft::cpu> model;
#else
    weft::model<net, weft::thrust<weft::omp>> model;
#endif
}
