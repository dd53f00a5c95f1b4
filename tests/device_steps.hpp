#pragma once
/// What the tests of policies with a memory of their own do alike.
#include <cmath>
#include <span>
#include <vector>

#include "catch.hpp"
#include "networks.hpp"
#include "weft/weft.hpp"

namespace device_steps {

using namespace weft;
using networks::everything;

// clang-format off
constexpr auto normed = input<6> >> batch_norm >> dense<3>;
constexpr auto small = input<6> >> dense<16> >> relu >> dropout<0.5> >> dense<3>;
// clang-format on
constexpr std::size_t inputs = 4 * 12 * 12;

struct numbers {
    std::vector<float> x;
    std::vector<int> y;

    numbers(std::size_t samples, std::size_t size, unsigned classes) : x(samples * size), y(samples) {
        random_stream draw{seed{11}, 5};
        for (float& v : x) v = 2 * draw.uniform() - 1;
        for (int& v : y) v = int(draw.below(classes));
    }
};

/// Loss, gradients and statistics after one batch.
template <class Policy>
std::vector<double> gradients_on() {
    const numbers data(19, inputs, 5);
    model<everything, Policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{19}};
    std::vector<double> result{double(train.compute_gradients(data.x, data.y))};
    for (auto g : train.gradients()) result.push_back(double(g));
    auto host = to<reference_policy<double>>(m);
    for (auto s : host.statistics()) result.push_back(double(s));
    return result;
}

/// Losses, averages and gradients of steps on two batches each, in turns with steps on one.
template <class Policy>
std::vector<float> accumulate_on() {
    const numbers data(48, 6, 3);
    const std::span x(data.x);
    const std::span y(data.y);
    model<small, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    averaged average{m, ema{0.5f}};
    train.clip(clip_by_norm{0.5f});
    std::vector<float> result;
    for (int step = 0; step < 4; ++step) {
        result.push_back(train.accumulate(x.first(16 * 6), y.first(16)));
        result.push_back(train.accumulate(x.last(32 * 6), y.last(32)));
        train.update(step > 1 ? 0.5f : 1.f);
        for (float g : train.gradients()) result.push_back(g);
        result.push_back(train.step(x.first(32 * 6), y.first(32)));
        average.update(m);
    }
    result.push_back(float(train.steps()));
    for (float p : average.model().parameters()) result.push_back(p);
    average.copy_to(m);
    auto host = to<reference>(m);
    for (float p : host.parameters()) result.push_back(p);
    return result;
}

inline void check_close(const std::vector<float>& got, const std::vector<float>& want, double tolerance) {
    REQUIRE(got.size() == want.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        wrong += !(std::abs(double(got[i]) - double(want[i])) <= tolerance * (1 + std::abs(double(want[i]))));
    CHECK(wrong == 0);
}

}  // namespace device_steps
