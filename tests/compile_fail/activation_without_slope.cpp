// title: An activation without its derivative
// why: Training needs the slope.
// expect: activation_without_slope<(struct )?square
// expect: slope
#include <weft/weft.hpp>

using namespace weft;

struct square {
    template <class T>
    static constexpr T value(T x) {
        return x * x;
    }
#ifdef WEFT_OK
    template <class T>
    static constexpr T slope(T x) {
        return 2 * x;
    }
#else
#endif
};
constexpr auto net = input<6> >> activation<square>;

int main() {}
