// title: A loss from a function without its derivative
// why: Training needs the slope of each function that a loss or layer brings.
// expect: what a layer lowers to is not possible
// expect: layer<0>, cubic_loss, .*needs<.*value_and_slope_in_each_of_its_functions ?>
#include <weft/weft.hpp>

struct cube {
    template <class T>
    static constexpr T value(T x) {
        return x * x * x;
    }
#ifdef WEFT_OK
    template <class T>
    static constexpr T slope(T x) {
        return 3 * x * x;
    }
#endif
};
struct cubic_loss {
    using functions = cube;
    static constexpr bool takes_labels = false, classifies = false;
    static constexpr int primitives = 3;
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.mean(b.template custom<cube>(b.subtract(x, b.target(x.dims))));
    }
};

constexpr auto net = weft::input<8> >> weft::dense<3>;

int main() {
    const weft::data::dataset<float, float> some({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 3}, 8);
    weft::model<net, weft::reference> model;
    weft::fit(model, some, cubic_loss{}, weft::sgd{});
}
