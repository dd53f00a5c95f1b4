// LeNet on MNIST: reading, training with validation, scoring, saving, loading, predicting.
#include <cstdio>
#include <weft/data/mnist.hpp>
#include <weft/weft.hpp>

constexpr auto lenet = weft::input<1, 28, 28> >> weft::conv2d<6, weft::kernel<5>, weft::padding<2>> >> weft::relu >>
                       weft::max_pool2d<2> >> weft::conv2d<16, weft::kernel<5>> >> weft::relu >> weft::max_pool2d<2> >>
                       weft::flatten >> weft::dense<120> >> weft::relu >> weft::dense<84> >> weft::relu >> weft::dense<10>;

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    auto [train, test] = weft::data::mnist(argv[1]);
    weft::model<lenet, weft::cpu> model{weft::seed{1}};
    weft::fit(model, train, weft::softmax_cross_entropy, weft::adam{.learning_rate = 1e-3f},
              {.epochs = 2, .batch_size = 64, .validation = &test});
    const auto result = weft::evaluate(model, test, weft::softmax_cross_entropy);
    std::printf("test loss %.4f  test accuracy %.4f\n", result.loss, result.accuracy);
    weft::save(model, "lenet.safetensors");
    weft::load(model, "lenet.safetensors");
    float scores[10];
    model.predict(std::span(test.inputs).first(784), scores);
    return int(scores[0]);
}
