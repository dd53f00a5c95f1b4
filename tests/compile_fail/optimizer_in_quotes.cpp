// title: The name of an optimizer as a string
// why: Optimizers are objects, with their numbers by name.
// expect: not_an_optimizer<
// expect: an optimizer is an object such as adam\{\}
#include <weft/weft.hpp>

using namespace weft;

constexpr auto net = input<4> >> dense<3>;

int main() {
    const data::dataset<float, int> flowers({5, 3, 1, 0}, {0}, 4);
    model<net, reference> m;
#ifdef WEFT_OK
    trainer train{m, softmax_cross_entropy, adam{}};
#else
    trainer train{m, softmax_cross_entropy, "adam"};
#endif
    fit(train, flowers, {.epochs = 3});
}
