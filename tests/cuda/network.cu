// Networks on the GPU: gradients, steps and predictions against the reference, the same bits in every run.
// Compiled and linked wherever there is nvcc; where there is no GPU it says so and is skipped.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "weft/cuda.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto mixed = input<4, 12, 12>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<8, kernel<3>, padding<1>, groups<2>> >> silu >> dropout<0.2>)
    >> concat(max_pool2d<2>, avg_pool2d<2>, conv2d<4, kernel<2>, stride<2>>)
    >> upsample2d<2> >> conv2d<6, kernel<5>, stride<3>> >> weft::tanh >> flatten
    >> layer_norm >> dense<40> >> gelu >> concat(dense<12> >> softmax, dense<20> >> leaky_relu) >> dense<5>;
constexpr auto mlp = input<24> >> dense<64> >> relu >> dense<64> >> relu >> dense<5>;
// clang-format on

int failures = 0;

void check_close(const char* what, const std::vector<double>& got, const std::vector<double>& want,
                 double tolerance) {
    double worst = got.size() == want.size() ? 0 : 1e9;
    for (std::size_t i = 0; i < got.size() && i < want.size(); ++i) {
        const double error = std::abs(got[i] - want[i]) / (1 + std::abs(want[i]));
        worst = error <= worst ? worst : error;  // NaN stays
    }
    const bool good = worst <= tolerance;
    failures += !good;
    std::printf("%s  %s: largest error %.2g, allowed %.2g\n", good ? "ok    " : "FAILED", what, worst,
                tolerance);
}

struct numbers {
    std::vector<float> x;
    std::vector<int> y;
    numbers(std::size_t samples, std::size_t size) : x(samples * size), y(samples) {
        random_stream draw{seed{11}, 5};
        for (float& v : x) v = 2 * draw.uniform() - 1;
        for (int& v : y) v = int(draw.below(5));
    }
};

template <auto Net, class Policy>
std::vector<double> gradients_on(std::size_t batch) {
    const numbers data(batch, std::remove_cvref_t<decltype(Net)>::input_type::size);
    model<Net, Policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{int(batch)}};
    std::vector<double> result{double(train.compute_gradients(data.x, data.y))};
    for (auto g : train.gradients()) result.push_back(double(g));
    return result;
}

/// Losses of steps on batches of two sizes, the parameters after them, and predictions.
template <auto Net, class Policy>
std::vector<double> train_on() {
    constexpr std::size_t size = std::remove_cvref_t<decltype(Net)>::input_type::size;
    const numbers data(96, size);
    model<Net, Policy> m{seed{1}, batch_capacity{64}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{64}};
    train.clip(clip_by_norm{1.0f});
    std::vector<double> result;
    for (std::size_t step = 0; step < 8; ++step) {
        const std::size_t first = step % 2 ? 0 : 64, count = step % 2 ? 64 : 32;
        result.push_back(double(train.step(std::span(data.x).subspan(first * size, count * size),
                                           std::span(data.y).subspan(first, count))));
    }
    auto host = to<reference>(m);
    for (float p : host.parameters()) result.push_back(double(p));
    std::vector<float> outputs(96 * 5);
    m.predict(data.x, outputs);
    result.insert(result.end(), outputs.begin(), outputs.end());
    return result;
}

template <auto Net>
void check_network(const char* name) {
    const std::string text(name);
    check_close((text + ", gradients").c_str(), gradients_on<Net, cuda>(19),
                gradients_on<Net, reference_policy<double>>(19), 2e-5);
    const auto once = train_on<Net, cuda>(), again = train_on<Net, cuda>();
    check_close((text + ", training").c_str(), once, train_on<Net, reference>(), 2e-3);
    const bool same =
        once.size() == again.size() && std::memcmp(once.data(), again.data(), once.size() * 8) == 0;
    failures += !same;
    std::printf("%s  %s: the same bits in two runs\n", same ? "ok    " : "FAILED", name);
}

}  // namespace

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts(
            "SKIPPED: there is no GPU; networks on weft::cuda were compiled and linked, and nothing has run");
        return 77;
    }
    check_network<mixed>("a network of everything");
    check_network<mlp>("a fused mlp");
    return failures ? 1 : 0;
}
