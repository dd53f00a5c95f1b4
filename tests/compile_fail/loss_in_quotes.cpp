// title: The name of a loss as a string
// why: Losses are objects, whose sizes and gradients the compiler knows.
// expect: not_a_loss<
// expect: a loss is an object such as softmax_cross_entropy, without quotes
#include <weft/weft.hpp>

using namespace weft;

constexpr auto net = input<4> >> dense<3>;

int main() {
    const data::dataset<float, int> flowers({5, 3, 1, 0}, {0}, 4);
    model<net, reference> m;
#ifdef WEFT_OK
    fit(m, flowers, softmax_cross_entropy, adam{});
    evaluate(m, flowers, softmax_cross_entropy);
#else
    fit(m, flowers, "softmax_cross_entropy", adam{});
    evaluate(m, flowers, "softmax_cross_entropy");
#endif
}
