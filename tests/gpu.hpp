#pragma once
/// What a program checks of a policy on a GPU: gradients, steps and predictions against the reference, the
/// guard of updates, files, and the same bits in every run.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>
#include <weft/core/random.hpp>
#include <weft/data/dataset.hpp>
#include <weft/io/checkpoint.hpp>
#include <weft/train/clip.hpp>
#include <weft/train/evaluate.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/optimizers.hpp>

#include "networks.hpp"

namespace gpu {

using namespace weft;
using networks::inputs_of;

inline int failures = 0;

inline void check(const char* what, bool good) {
    failures += !good;
    std::printf("%s  %s\n", good ? "ok    " : "FAILED", what);
}
inline void check_error(const char* what, double error, double allowed) {
    check(what, error <= allowed);
    std::printf("        error %.2g, allowed %.2g\n", error, allowed);
}
/// The largest difference of one number, beside it and 1.
inline double largest_error(const std::vector<double>& got, const std::vector<double>& want) {
    double worst = got.size() == want.size() ? 0 : 1e9;
    for (std::size_t i = 0; i < got.size() && i < want.size(); ++i) {
        const double error = std::abs(got[i] - want[i]) / (1 + std::abs(want[i]));
        worst = error <= worst ? worst : error;  // NaN stays
    }
    return worst;
}
/// The difference of all but the first together, beside them.
inline double relative_error(const std::vector<double>& got, const std::vector<double>& want) {
    double difference = got.size() == want.size() ? 0 : 1e9, size = 0;
    for (std::size_t i = 1; i < got.size() && i < want.size(); ++i) {
        difference += (got[i] - want[i]) * (got[i] - want[i]);
        size += want[i] * want[i];
    }
    return std::sqrt(difference / size);
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

/// The loss of a batch, whose inputs are between -range and range, and all gradients.
template <auto Net, class Policy>
std::vector<double> gradients_on(std::size_t batch, float range = 1) {
    numbers data(batch, inputs_of<Net>);
    for (float& x : data.x) x *= range;
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
template <auto Net, class Policy>
void check_training(clipping clip, double allowed) {
    const auto once = train_on<Net, Policy>(clip), again = train_on<Net, Policy>(clip);
    check_error("training", largest_error(once, train_on<Net, reference>(clip)), allowed);
    check("the same bits in two runs",
          once.size() == again.size() && std::memcmp(once.data(), again.data(), once.size() * 8) == 0);
}

/// A policy of floats.
template <auto Net, class Policy>
void check_network(const char* name) {
    std::puts(name);
    check_error("gradients",
                largest_error(gradients_on<Net, Policy>(19), gradients_on<Net, reference_policy<double>>(19)),
                2e-5);
    for (const clipping clip : {clipping(), clipping(clip_by_norm{0.05f}), clipping(clip_by_value{0.01f})})
        check_training<Net, Policy>(clip, 2e-3);
}
/// Of inputs that are 0, in a network whose biases are, all that relu sees is 0: its slope there is 0,
/// whoever computes it.
template <auto Net, class Policy>
void check_slope_of_zero(double allowed) {
    check_error(
        "gradients of inputs that are zero",
        largest_error(gradients_on<Net, Policy>(32, 0), gradients_on<Net, reference_policy<double>>(32, 0)),
        allowed);
}
/// A policy of mixed precision.
template <auto Net, class Policy>
void check_mixed(const char* name) {
    constexpr double epsilon = double(Policy::narrow_scalar::epsilon);
    std::printf("%s, %s\n", name, Policy::narrow_scalar::name);
    check_error(
        "gradients",
        relative_error(gradients_on<Net, Policy>(19), gradients_on<Net, reference_policy<double>>(19)),
        6 * epsilon);
    check_training<Net, Policy>(clipping(clip_by_norm{0.05f}), 12 * epsilon);
}

/// A step with an input that is not finite is an error and changes nothing.
template <auto Net, class Policy>
void check_guard() {
    std::puts("the guard of updates");
    const numbers data(16, inputs_of<Net>);
    model<Net, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    const auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::infinity();
    bool raised = false;
    try {
        train.step(x, data.y);
    } catch (const error& e) {
        raised = std::strstr(e.what(), "the batch: sample") != nullptr;
    }
    check("an infinite input is named", raised);
    const auto after = to<reference>(m);
    check("nothing has changed", std::memcmp(before.parameters().data(), after.parameters().data(),
                                             before.parameters().size_bytes()) == 0);
    check("training goes on", std::isfinite(train.step(data.x, data.y)));
}

template <auto Net, class Policy>
void check_files(const char* path) {
    std::puts("files");
    const numbers data(33, inputs_of<Net>);
    model<Net, Policy> m{seed{5}}, other{seed{6}};
    save(m, path);
    load(other, path);
    std::remove(path);
    std::vector<float> want(33 * 5), got(33 * 5);
    m.predict(data.x, want);
    other.predict(data.x, got);
    check("what is saved and loaded predicts the same", got == want);
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{33}};
    trainer goes_on{other, softmax_cross_entropy, adam{}, batch_capacity{33}};
    train.step(data.x, data.y);
    save(train, path);
    load(goes_on, path);
    std::remove(path);
    train.step(data.x, data.y);
    goes_on.step(data.x, data.y);
    m.predict(data.x, want);
    other.predict(data.x, got);
    check("training goes on from a checkpoint with the same bits", got == want);
    const data::dataset<float, int> samples(data.x, data.y, inputs_of<Net>);
    auto host = to<reference>(m);
    check("evaluate", std::abs(evaluate(m, samples, softmax_cross_entropy).loss -
                               evaluate(host, samples, softmax_cross_entropy).loss) < 1e-5);
}

}  // namespace gpu
