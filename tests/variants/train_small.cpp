// A convolutional network must learn four patterns, however the program is built.
#include <weft/weft.hpp>

#include <cstdio>
#include <utility>
#include <vector>

// clang-format off
constexpr auto net = weft::input<2, 6, 6>
    >> weft::conv2d<8, weft::kernel<3>, weft::padding<1>, weft::no_bias> >> weft::batch_norm >> weft::relu
    >> weft::residual(weft::conv2d<8, weft::kernel<3>, weft::padding<1>> >> weft::relu)
    >> weft::max_pool2d<2> >> weft::flatten >> weft::dense<4>;
// clang-format on

int main() {
    weft::model<net, weft::cpu> model{weft::seed{3}};
    weft::trainer train{model, weft::softmax_cross_entropy, weft::sgd{.learning_rate = 0.05f},
                        weft::batch_capacity{16}};
    std::vector<float> x(16 * 2 * 6 * 6);
    std::vector<int> y(16);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = float((i * 2654435761u) % 1000) / 500.f - 1.f;
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = int(i % 4);
    const float first = train.step(x, y);
    float last = first;
    for (int i = 0; i < 60; ++i) last = train.step(x, y);
    // What a trainer trains may be assigned to, and moved: it keeps its place.
    const weft::model<net, weft::cpu> trained = std::move(model);
    model = weft::model<net, weft::cpu>{weft::seed{4}};
    const float again = train.step(x, y);
    model = trained;
    if (!(train.step(x, y) < again)) return 1;
    std::printf("loss %g, then %g\n", double(first), double(last));
    return last < 0.5f * first ? 0 : 1;
}
