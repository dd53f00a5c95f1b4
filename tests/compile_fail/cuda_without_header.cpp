// title: weft::cuda without its header
// why: weft.hpp does not bring what needs nvcc.
// expect: policy_without_header<.*cuda>
// expect: #include <weft/cuda.hpp> for weft::cuda, in a program that nvcc builds
#include <weft/weft.hpp>

using namespace weft;

constexpr auto net = input<4> >> dense<3>;

int main() {
#ifdef WEFT_OK
    model<net, cpu> m;
#else
    model<net, cuda> m;
#endif
}
