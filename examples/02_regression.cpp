// Regression: a curve from noisy points, with a look at the history of training.
#include <weft/weft.hpp>

#include <cmath>
#include <cstdio>

// clang-format off
constexpr auto net = weft::input<1>
    >> weft::dense<32> >> weft::tanh_activation >> weft::dense<32> >> weft::tanh_activation >> weft::dense<1>;
// clang-format on

float curve(float x) { return std::sin(3 * x) + 0.5f * x; }

weft::data::dataset<float, float> noisy_points(std::size_t count, weft::seed seed) {
    weft::random_stream random(seed, 0);
    weft::data::dataset<float, float> points;
    points.input_size = 1;
    for (std::size_t i = 0; i < count; ++i) {
        const float x = 4 * random.uniform() - 2, noise = 0.2f * (random.uniform() - 0.5f);
        points.inputs.push_back(x);
        points.targets.push_back(curve(x) + noise);
    }
    return points;
}

int main() {
    const auto train = noisy_points(1000, weft::seed{1}), test = noisy_points(200, weft::seed{2});

    weft::model<net, weft::cpu> model{weft::seed{1}};
    const auto history = weft::fit(model, train, weft::mean_squared_error, weft::adam{.learning_rate = 1e-2f},
                                   {.epochs = 60,
                                    .batch_size = 50,
                                    .validation = test,
                                    .rate = weft::schedule::cosine(weft::epochs{60}),
                                    .progress = {.style = weft::progress_style::silent}});

    for (const auto& epoch : history)
        if (epoch.epoch % 10 == 0)
            std::printf("epoch %2d  loss %.5f  held-out loss %.5f\n", epoch.epoch, epoch.loss, epoch.validation_loss);
    history.write_svg("regression.svg");

    std::puts("\n    x    curve  network");
    for (float x = -2; x <= 2; x += 0.5f) {
        float y = 0;
        model.predict({&x, 1}, {&y, 1});
        std::printf("%5.1f  %7.3f  %7.3f\n", double(x), double(curve(x)), double(y));
    }
    // The noise alone has a variance of 0.2^2 / 12 = 0.0033: no network can do better on held-out points.
    return history.back().validation_loss < 0.006 ? 0 : 1;
}
