// title: A function as an activation
// why: Write it as a type with value and slope, and wrap it: `activation<square>`.
// expect: not_a_layer<
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

struct square {
    template <class T>
    static constexpr T value(T x) {
        return x * x;
    }
    template <class T>
    static constexpr T slope(T x) {
        return 2 * x;
    }
};
constexpr float squared(float x) { return square::value(x); }
static_assert(squared(2) == 4);

#ifdef WEFT_OK
constexpr auto net = input<6> >> activation<square>;
#else
constexpr auto net = input<6> >> squared;
#endif

int main() {}
