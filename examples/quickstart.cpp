// Teaches a network to read handwritten digits and shows what it has learned. Writes training.svg, training.csv
// and the model. Usage: quickstart digits.csv (examples/data), or quickstart MNIST_DIR
#include <weft/data/digits.hpp>
#include <weft/data/mnist.hpp>
#include <weft/metrics/metrics.hpp>
#include <weft/weft.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

// clang-format off
// For the embedded digits, 8 x 8 pixels.
constexpr auto small_cnn =
    weft::input<1, 8, 8>
    >> weft::conv2d<16, weft::kernel<3>, weft::padding<1>> >> weft::relu
    >> weft::conv2d<32, weft::kernel<3>, weft::padding<1>> >> weft::relu >> weft::max_pool2d<2>
    >> weft::flatten >> weft::dropout<0.3> >> weft::dense<64> >> weft::relu >> weft::dense<10>;

// For MNIST, 28 x 28 pixels: LeNet-5 with today's activations (LeCun et al., 1998).
constexpr auto lenet =
    weft::input<1, 28, 28>
    >> weft::conv2d<6, weft::kernel<5>, weft::padding<2>> >> weft::relu >> weft::max_pool2d<2>
    >> weft::conv2d<16, weft::kernel<5>>                  >> weft::relu >> weft::max_pool2d<2>
    >> weft::flatten
    >> weft::dense<120> >> weft::relu >> weft::dense<84> >> weft::relu >> weft::dense<10>;
// clang-format on

// The compiler knows them both.
static_assert(weft::output_shape(small_cnn) == weft::shape<10>{});
static_assert(weft::parameter_count(lenet) == 61'706);

using policy = weft::cpu_policy<float, weft::threads<2>>;
using samples = weft::data::dataset<float, int>;

/// One line of text for two rows of pixels (28 x 28), or for one (8 x 8).
std::string draw_line(std::span<const float> image, std::size_t side, std::size_t line) {
    static constexpr char ink[] = " .:-=+*#%@";
    std::string text;
    for (std::size_t x = 0; x < side; ++x) {
        float level = image[line * side + x];
        if (side > 8) level = (image[2 * line * side + x] + image[(2 * line + 1) * side + x]) / 2;
        text.append(side > 8 ? 1 : 2, ink[int(std::clamp(level, 0.f, 1.f) * 9.99f)]);
    }
    return text;
}

/// Draws a few images beside each other, and under each what the model says.
template <class Model>
void show_predictions(Model& model, const samples& test, std::size_t side) {
    const std::size_t shown = side > 8 ? 4 : 6;
    for (std::size_t line = 0; line < (side > 8 ? side / 2 : side); ++line) {
        for (std::size_t i = 0; i < shown; ++i) std::printf(" %s |", draw_line(test.input(i), side, line).c_str());
        std::puts("");
    }
    const int width = int(side > 8 ? side : 2 * side);
    std::vector<float> logits(10 * shown);
    model.predict(std::span(test.inputs).first(shown * test.input_size), logits);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto scores = logits.begin() + std::ptrdiff_t(10 * i);
        const long digit = std::max_element(scores, scores + 10) - scores;
        std::printf(" %-*s |", width, ("reads " + std::to_string(digit)).c_str());
    }
    std::puts("\n");
}

template <auto Net>
int run(const samples& train, const samples& test, std::size_t side, int epochs, int batch_size) {
    std::printf("%zu images to learn from, %zu held out\n\n%s\n", train.size(), test.size(),
                weft::summary(Net, weft::softmax_cross_entropy).c_str());

    weft::model<Net, policy> model{weft::seed{1}};
    const auto history = weft::fit(model, train, weft::softmax_cross_entropy, weft::adam{.learning_rate = 4e-3f},
                                   {.epochs = epochs,
                                    .batch_size = batch_size,
                                    .validation = test,
                                    .rate = weft::schedule::one_cycle(weft::epochs{double(epochs)})});
    history.write_svg("training.svg");
    history.write_csv("training.csv");
    weft::save(model, "digits.safetensors");

    // What was saved, in a model of its own.
    weft::model<Net, policy> loaded;
    weft::load(loaded, "digits.safetensors");
    std::vector<float> scores(10 * test.size());
    loaded.predict(test.inputs, scores);
    weft::metrics::confusion_matrix confusion(10);
    confusion.add(std::span<const float>(scores), std::span(test.targets));
    std::printf("\n%s\n", confusion.text().c_str());
    show_predictions(loaded, test, side);

    const std::string here = std::filesystem::current_path().string();
    std::printf("wrote training.svg, training.csv and digits.safetensors to %s\n", here.c_str());
    std::printf("test accuracy %.4f\n", confusion.accuracy());
    return 0;
}

int main(int argc, char** argv) try {
    if (argc != 2) return std::puts("usage: quickstart digits.csv, or quickstart MNIST_DIR"), 2;
    const std::filesystem::path where = argv[1];
    if (std::filesystem::is_directory(where)) {
        const auto [train, test] = weft::data::mnist(where);
        return run<lenet>(train, test, 28, 3, 64);
    }
    const auto [train, test] = weft::data::digits(where);
    return run<small_cnn>(train, test, 8, 30, 32);
} catch (const weft::error& failure) {
    std::printf("%s\n", failure.what());
    return 1;
}
