/// Networks on the Thrust policy, on each system of the host.
#include <cstring>

#include "../catch.hpp"
#include "../networks.hpp"
#include "weft/data/digits.hpp"
#include "weft/thrust.hpp"
#include "weft/weft.hpp"

using namespace weft;
using networks::everything;

namespace {

// One of each family: convolutions (one with stride and groups), both norms, both pools, upsampling, branches
// that join, softmax within the network, dropout, and functions with and without slopes from their results.
constexpr std::size_t inputs = 4 * 12 * 12;

struct numbers {
    std::vector<float> x;
    std::vector<int> y;

    explicit numbers(std::size_t samples) : x(samples * inputs), y(samples) {
        random_stream draw{seed{11}, 5};
        for (float& v : x) v = 2 * draw.uniform() - 1;
        for (int& v : y) v = int(draw.below(5));
    }
};

/// The loss and the gradients of one batch.
template <class Policy>
std::vector<double> gradients_on() {
    const numbers data(19);
    model<everything, Policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{19}};
    std::vector<double> result{double(train.compute_gradients(data.x, data.y))};
    for (auto g : train.gradients()) result.push_back(double(g));
    for (auto s : m.statistics()) result.push_back(double(s));
    return result;
}

/// Parameters, statistics and losses of some steps.
template <class Policy>
std::vector<float> train_on(int capacity) {
    const numbers data(64);
    model<everything, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{.learning_rate = 3e-3f}, batch_capacity{capacity}};
    std::vector<float> result;
    for (std::size_t step = 0; step < 8; ++step) {
        const std::size_t first = step * 7 % (64 - 33 + 1);
        result.push_back(train.step(std::span(data.x).subspan(first * inputs, 33 * inputs),
                                    std::span(data.y).subspan(first, 33)));
    }
    for (float p : m.parameters()) result.push_back(p);
    for (float s : m.statistics()) result.push_back(s);
    return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("thrust: the gradients of a network of everything are the reference's", "[thrust]") {
    const auto want = gradients_on<reference_policy<double>>(),
               same = gradients_on<thrust_policy<weft::omp, double>>(),
               got = gradients_on<weft::thrust<weft::omp>>();
    REQUIRE(want.size() == got.size());
    REQUIRE(want.size() == same.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
        wrong += !(std::abs(same[i] - want[i]) <= 1e-11 * (1 + std::abs(want[i])));
        wrong += !(std::abs(got[i] - want[i]) <= 2e-5 * (1 + std::abs(want[i])));
    }
    CHECK(wrong == 0);
}

namespace {

// clang-format off
constexpr auto few_classes = input<5> >> dense<3>;
// clang-format on

/// Of a weighted loss: what its first gradient is divided by lies where the result goes.
template <class Policy>
std::vector<double> weighted_gradients() {
    model<few_classes, Policy> m{seed{2}};
    trainer train{m, softmax_cross_entropy_with<class_weights>.weights({0.5f, 2, 1}), sgd{},
                  batch_capacity{7}};
    std::vector<float> x(35);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(float(i));
    std::vector<double> result{double(train.compute_gradients(x, std::vector<int>{0, 1, 2, 2, 1, 0, 1}))};
    for (auto g : train.gradients()) result.push_back(double(g));
    return result;
}

}  // namespace

TEST_CASE("thrust: class weights give the reference's gradients", "[thrust]") {
    const auto want = weighted_gradients<reference_policy<double>>();
    for (const auto& got :
         {weighted_gradients<weft::thrust<weft::cpp>>(), weighted_gradients<weft::thrust<weft::omp>>(),
          weighted_gradients<weft::thrust<weft::device_twin>>(), weighted_gradients<cpu>()}) {
        REQUIRE(got.size() == want.size());
        for (std::size_t i = 0; i < want.size(); ++i)
            CHECK(got[i] == Approx(want[i]).epsilon(1e-5).margin(1e-6));
    }
}

TEST_CASE("thrust: the same bits on every system and in every capacity", "[thrust]") {
    const auto sequential = train_on<weft::thrust<weft::cpp>>(33);
    for (float v : sequential) REQUIRE(std::isfinite(v));
    CHECK(sequential[7] < sequential[0]);  // it does learn
    CHECK(same_bits(sequential, train_on<weft::thrust<weft::omp>>(64)));
#if WEFT_HAS_TBB
    CHECK(same_bits(sequential, train_on<weft::thrust<weft::tbb>>(64)));
#endif
}

namespace {

// clang-format off
constexpr auto digits_net = input<1, 8, 8>
    >> conv2d<8, kernel<3>, padding<1>> >> relu >> max_pool2d<2>
    >> conv2d<16, kernel<3>>            >> relu >> flatten
    >> dense<32> >> relu >> dense<10>;
// clang-format on

template <class Policy>
float accuracy_on_digits() {
    auto [train, test] = data::digits(WEFT_TEST_SOURCE_DIR "/../examples/data/digits.csv");
    model<digits_net, Policy> m{seed{1}};
    fit(m, train, softmax_cross_entropy, adam{.learning_rate = 2e-3f},
        {.epochs = 10, .batch_size = 32, .progress = {.style = progress_style::silent}});
    return float(evaluate(m, test, softmax_cross_entropy).accuracy);
}

}  // namespace

TEST_CASE("thrust: a small LeNet learns digits as well as on the cpu policy", "[thrust]") {
    const float want = accuracy_on_digits<cpu>(), got = accuracy_on_digits<weft::thrust<weft::omp>>();
    CHECK(want > 0.95f);
    CHECK(std::abs(got - want) < 0.01f);
    CHECK(accuracy_on_digits<weft::thrust<weft::cpp>>() == got);
#if WEFT_HAS_TBB
    CHECK(accuracy_on_digits<weft::thrust<weft::tbb>>() == got);
#endif
}
