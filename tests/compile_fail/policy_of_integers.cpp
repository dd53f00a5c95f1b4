// title: A policy that computes with integers
// why: Training and most layers need fractions.
// expect: a policy computes with floating-point numbers: float or double
// expect: cpu_policy<int
#include <weft/weft.hpp>

using namespace weft;

constexpr auto net = input<3> >> dense<2>;

#ifdef WEFT_OK
using policy = cpu_policy<double>;
#else
using policy = cpu_policy<int>;
#endif
policy::scalar first_weight(model<net, policy>& m) { return m.parameters()[0]; }

int main() {}
