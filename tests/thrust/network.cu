// Networks on Thrust's CUDA system: gradients, steps and predictions against the reference, the guard of
// updates, files, and the same bits in every run. Compiled and linked wherever there is nvcc; where there is
// no GPU it says so and is skipped.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

// All of weft.hpp but the CPU policy, and so without Eigen.
#include "weft/io/checkpoint.hpp"
#include "weft/lang/combinators.hpp"
#include "weft/lang/layers/activation.hpp"
#include "weft/lang/layers/convolution.hpp"
#include "weft/lang/layers/dense.hpp"
#include "weft/lang/layers/normalization.hpp"
#include "weft/lang/layers/pooling.hpp"
#include "weft/lang/layers/shape.hpp"
#include "weft/thrust.hpp"
#include "weft/train/evaluate.hpp"
#include "weft/train/fit.hpp"
#include "weft/train/loss/cross_entropy.hpp"
#include "weft/train/optimizers.hpp"

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

using gpu = weft::thrust<cuda_system>;

int failures = 0;

void check(const char* what, bool good) {
    failures += !good;
    std::printf("%s  %s\n", good ? "ok    " : "FAILED", what);
}
void check_close(const char* what, const std::vector<double>& got, const std::vector<double>& want,
                 double tolerance) {
    double worst = got.size() == want.size() ? 0 : 1e9;
    for (std::size_t i = 0; i < got.size() && i < want.size(); ++i) {
        const double error = std::abs(got[i] - want[i]) / (1 + std::abs(want[i]));
        worst = error <= worst ? worst : error;  // NaN stays
    }
    check(what, worst <= tolerance);
    std::printf("        largest error %.2g, allowed %.2g\n", worst, tolerance);
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

template <auto Net>
constexpr std::size_t inputs_of = std::remove_cvref_t<decltype(Net)>::input_type::size;

template <auto Net, class Policy>
std::vector<double> gradients_on(std::size_t batch) {
    const numbers data(batch, inputs_of<Net>);
    model<Net, Policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{int(batch)}};
    std::vector<double> result{double(train.compute_gradients(data.x, data.y))};
    for (auto g : train.gradients()) result.push_back(double(g));
    return result;
}

/// Losses of steps on batches of two sizes, the parameters after them, and predictions.
template <auto Net, class Policy>
std::vector<double> train_on(clipping clip) {
    constexpr std::size_t size = inputs_of<Net>;
    const numbers data(96, size);
    model<Net, Policy> m{seed{1}, batch_capacity{64}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{64}};
    train.clip(clip);
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
    std::puts(name);
    check_close("gradients", gradients_on<Net, gpu>(19), gradients_on<Net, reference_policy<double>>(19),
                2e-5);
    for (const clipping clip : {clipping(), clipping(clip_by_norm{0.05f}), clipping(clip_by_value{0.01f})}) {
        const auto once = train_on<Net, gpu>(clip), again = train_on<Net, gpu>(clip);
        check_close("training", once, train_on<Net, reference>(clip), 2e-3);
        check("the same bits in two runs",
              once.size() == again.size() && std::memcmp(once.data(), again.data(), once.size() * 8) == 0);
    }
}

/// A step with an input that is not finite is an error and changes nothing.
void check_guard() {
    std::puts("the guard of updates");
    numbers data(16, inputs_of<mlp>);
    model<mlp, gpu> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    const auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::infinity();
    bool raised = false;
    try {
        train.step(x, data.y);
    } catch (const error& e) {
        raised = std::strstr(e.what(), "the batch's inputs are not finite") != nullptr;
    }
    check("an infinite input is named", raised);
    const auto after = to<reference>(m);
    check("nothing has changed", std::memcmp(before.parameters().data(), after.parameters().data(),
                                             before.parameters().size_bytes()) == 0);
    check("training goes on", std::isfinite(train.step(data.x, data.y)));
}

void check_files() {
    std::puts("files");
    const numbers data(33, inputs_of<mlp>);
    model<mlp, gpu> m{seed{5}}, other{seed{6}};
    save(m, "thrust_network.safetensors");
    load(other, "thrust_network.safetensors");
    std::remove("thrust_network.safetensors");
    std::vector<float> want(33 * 5), got(33 * 5);
    m.predict(data.x, want);
    other.predict(data.x, got);
    check("what is saved and loaded predicts the same", got == want);
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{33}};
    trainer goes_on{other, softmax_cross_entropy, adam{}, batch_capacity{33}};
    train.step(data.x, data.y);
    save(train, "thrust_network.safetensors");
    load(goes_on, "thrust_network.safetensors");
    std::remove("thrust_network.safetensors");
    train.step(data.x, data.y);
    goes_on.step(data.x, data.y);
    m.predict(data.x, want);
    other.predict(data.x, got);
    check("training goes on from a checkpoint with the same bits", got == want);
    const data::dataset<float, int> samples(data.x, data.y, inputs_of<mlp>);
    auto host = to<reference>(m);
    check("evaluate", std::abs(evaluate(m, samples, softmax_cross_entropy).loss -
                               evaluate(host, samples, softmax_cross_entropy).loss) < 1e-5);
}

}  // namespace

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts(
            "SKIPPED: there is no GPU; Thrust's kernels on CUDA and networks on them were compiled and "
            "linked, and nothing has run");
        return 77;
    }
    check_network<mixed>("a network of everything");
    check_network<mlp>("dense layers");
    check_guard();
    check_files();
    return failures ? 1 : 0;
}
