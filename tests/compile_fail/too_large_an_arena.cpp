// title: An arena of more numbers than can be counted
// why: Results that are needed later lie side by side.
// expect: what a program holds at one time is more than 2147483647 numbers per sample
#include <weft/weft.hpp>

using namespace weft;

constexpr auto body = conv2d<1, kernel<3>, padding<1>>;
#ifdef WEFT_OK
constexpr auto net = input<1, 400, 300> >> relu >> residual(body);
#else
constexpr auto net = input<1, 40000, 30000> >> relu >> residual(body);
#endif

int main() { model<net, cpu> m{seed{1}, batch_capacity{1}}; }
