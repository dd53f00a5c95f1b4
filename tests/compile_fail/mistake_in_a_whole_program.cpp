// title: A mistake in a program that goes on to train, save and predict
// why: Whatever the program does with a network that is wrong, only the mistake is told.
// expect: shape_mismatch
// expect: conv2d
#include <vector>

#include <weft/weft.hpp>

#ifdef WEFT_OK
constexpr auto net = weft::input<1, 8, 8> >> weft::conv2d<4, weft::kernel<3>> >> weft::relu >> weft::flatten >> weft::dense<10>;
#else
constexpr auto net = weft::input<1, 8, 8> >> weft::conv2d<4, weft::kernel<9>> >> weft::relu >> weft::flatten >> weft::dense<10>;
#endif

int main() {
    weft::model<net, weft::cpu> model{weft::seed{1}};
    const weft::data::dataset<float, int> digits(std::vector<float>(128), std::vector<int>(2), 64);
    weft::fit(model, digits, weft::softmax_cross_entropy, weft::adam{}, {.epochs = 2});
    weft::trainer train{model, weft::softmax_cross_entropy, weft::sgd{.learning_rate = 0.1f}};
    train.step(digits.inputs, digits.targets);
    const auto score = weft::evaluate(model, digits, weft::softmax_cross_entropy);
    weft::save(model, "model.safetensors");
    weft::load(model, "model.safetensors");
    std::vector<float> outputs(20);
    model.predict(digits.inputs, outputs);
    return score.accuracy > 0.5 && !model.parameters().empty() ? 0 : 1;
}
