// title: fit with a loss that uses a function which it does not list
// why: fit says it once, too.
// expect: layer<0>, cubic_loss, .*needs<.*its_functions_in_a_list_called_functions ?>
#include <weft/weft.hpp>

struct cube {
    template <class T>
    static constexpr T value(T x) {
        return x * x * x;
    }
    template <class T>
    static constexpr T slope(T x) {
        return 3 * x * x;
    }
};
struct cubic_loss {
#ifdef WEFT_OK
    using functions = cube;
#endif
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
