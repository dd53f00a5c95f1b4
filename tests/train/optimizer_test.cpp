#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/train/optimizers.hpp"

namespace Eigen {  // where a rule finds it, as it finds sqrt and abs
inline Array<float, 16, 1> max(const Array<float, 16, 1>& a, const Array<float, 16, 1>& b) {
    return a.max(b);
}
}  // namespace Eigen

namespace {

static_assert(weft::Optimizer<weft::sgd> && weft::Optimizer<weft::adam>);
static_assert(weft::Optimizer<weft::adamw> && weft::Optimizer<weft::rmsprop>);
static_assert(!weft::Optimizer<int>);

/// What PyTorch computed; made by tests/golden/make_optimizer_golden.py.
struct golden_file {
    std::vector<double> start;
    std::vector<std::vector<double>> gradients;
    std::map<std::string, std::map<std::string, std::vector<std::vector<double>>>> cases;  // name, dtype

    golden_file() {
        std::ifstream in{WEFT_TEST_SOURCE_DIR "/golden/optimizers.txt"};
        REQUIRE(in.good());
        std::string line, name;
        while (std::getline(in, line)) {
            std::istringstream words{line};
            std::string kind;
            words >> kind;
            if (kind == "case") {
                words >> name;
                continue;
            }
            std::vector<double> row;
            for (double x; words >> x;) row.push_back(x);
            if (kind == "start") start = row;
            if (kind == "gradient") gradients.push_back(row);
            if (kind == "float64" || kind == "float32") cases[name][kind].push_back(row);
        }
        REQUIRE(gradients.size() == 10);
        REQUIRE(cases.size() == 27);
    }
};

template <class T, class O>
void follows(const golden_file& golden, const std::string& name, const char* dtype, const O& optimizer,
             double tolerance) {
    INFO(name << " against " << dtype);
    const auto& expected = golden.cases.at(name).at(dtype);
    REQUIRE(expected.size() == golden.gradients.size());
    std::vector<T> p(golden.start.begin(), golden.start.end()), state(p.size() * std::size_t(O::slots));
    for (std::size_t step = 0; step < expected.size(); ++step) {
        const std::vector<T> g(golden.gradients[step].begin(), golden.gradients[step].end());
        weft::apply<T>(optimizer, p, g, state, std::int64_t(step) + 1, T(optimizer.learning_rate));
        for (std::size_t i = 0; i < p.size(); ++i) {
            INFO("step " << step + 1 << ", parameter " << i);
            CHECK(std::abs(double(p[i]) - expected[step][i]) <= tolerance * std::abs(expected[step][i]));
        }
    }
}

template <class O>
void check(const golden_file& golden, const std::string& name, const O& optimizer) {
    follows<double>(golden, name, "float64", optimizer, 1e-10);
    follows<float>(golden, name, "float64", optimizer, 1e-4);
    follows<float>(golden, name, "float32", optimizer, 1e-4);
}

}  // namespace

TEST_CASE("optimizers take PyTorch's ten steps", "[train]") {
    const golden_file golden;
    check(golden, "sgd", weft::sgd{});
    check(golden, "sgd_decay", weft::sgd{.learning_rate = 0.05f, .weight_decay = 0.1f});
    check(golden, "sgd_momentum", weft::sgd{.momentum = 0.9f});
    check(golden, "sgd_dampening",
          weft::sgd{.learning_rate = 0.02f, .momentum = 0.8f, .dampening = 0.3f, .weight_decay = 0.01f});
    check(golden, "sgd_nesterov", weft::sgd{.momentum = 0.9f, .weight_decay = 0.05f, .nesterov = true});
    check(golden, "adam", weft::adam{});
    check(golden, "adam_decay", weft::adam{.learning_rate = 0.01f, .weight_decay = 0.1f});
    check(golden, "adam_all",
          weft::adam{.learning_rate = 0.02f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 0.01f});
    check(golden, "adamw", weft::adamw{});
    check(golden, "adamw_decay", weft::adamw{.learning_rate = 0.02f, .weight_decay = 0.3f});
    check(golden, "rmsprop", weft::rmsprop{});
    check(golden, "rmsprop_momentum",
          weft::rmsprop{.learning_rate = 0.005f, .alpha = 0.9f, .momentum = 0.7f});
    check(golden, "rmsprop_centered", weft::rmsprop{.learning_rate = 0.005f, .centered = true});
    check(golden, "rmsprop_all",
          weft::rmsprop{.learning_rate = 0.002f,
                        .alpha = 0.95f,
                        .epsilon = 0.001f,
                        .weight_decay = 0.1f,
                        .momentum = 0.5f,
                        .centered = true});
    check(golden, "adagrad", weft::adagrad{});
    check(golden, "adagrad_all",
          weft::adagrad{.learning_rate = 0.1f,
                        .rate_decay = 0.2f,
                        .weight_decay = 0.1f,
                        .initial_sum = 0.5f,
                        .epsilon = 0.001f});
    check(golden, "nadam", weft::nadam{});
    check(golden, "nadam_decay",
          weft::nadam{.learning_rate = 0.01f,
                      .beta1 = 0.8f,
                      .beta2 = 0.95f,
                      .weight_decay = 0.1f,
                      .momentum_decay = 0.5f});
    check(golden, "nadam_decoupled",
          weft::nadam{.learning_rate = 0.01f, .weight_decay = 0.1f, .decoupled_weight_decay = true});
    check(golden, "radam", weft::radam{});
    check(golden, "radam_decay",
          weft::radam{.learning_rate = 0.01f, .beta1 = 0.8f, .beta2 = 0.95f, .weight_decay = 0.1f});
    check(golden, "radam_decoupled",
          weft::radam{.learning_rate = 0.01f, .weight_decay = 0.1f, .decoupled_weight_decay = true});
    check(golden, "amsgrad", weft::amsgrad{});
    check(golden, "amsgrad_decay",
          weft::amsgrad{.learning_rate = 0.01f, .beta1 = 0.8f, .beta2 = 0.6f, .weight_decay = 0.1f});
    check(golden, "amsgrad_decoupled",
          weft::amsgrad{.learning_rate = 0.01f,
                        .beta1 = 0.8f,
                        .beta2 = 0.6f,
                        .weight_decay = 0.1f,
                        .decoupled_weight_decay = true});
    check(golden, "lamb", weft::lamb{});
    check(golden, "lamb_decay",
          weft::lamb{
              .learning_rate = 0.01f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 0.01f, .weight_decay = 0.3f});
}

TEST_CASE("nadam's rule is soon made even after many steps", "[train]") {
    const auto rule = weft::nadam{.beta1 = 0.9999f}.at<double>(1'000'000'000, 1e-3);
    CHECK(rule.mean_step == Approx(1e-3 * 0.9999));
    CHECK(rule.gradient_step == Approx(1e-3 * (1 - double(0.9999f))));
}

namespace {

using packet = Eigen::Array<float, 16, 1>;

/// Twenty steps of one rule on floats and on packets of 16.
template <class O>
void same_on_packets(const O& optimizer) {
    packet p, g;
    float q[16], slots[O::slots][16] = {};
    packet state[O::slots];
    for (auto& s : state) s.setZero();
    for (int i = 0; i < 16; ++i) q[i] = p[i] = 0.3f * float(i) - 2.0f;
    for (int step = 1; step <= 20; ++step) {
        const auto rule = optimizer.template at<float>(step, optimizer.learning_rate);
        for (int i = 0; i < 16; ++i) g[i] = std::sin(float(step * 16 + i));
        rule(p, g, state);
        for (int i = 0; i < 16; ++i) {
            float s[O::slots];
            for (int k = 0; k < O::slots; ++k) s[k] = slots[k][i];
            rule(q[i], g[i], s);
            for (int k = 0; k < O::slots; ++k) slots[k][i] = s[k];
            CHECK(p[i] == Approx(q[i]).epsilon(1e-5).margin(1e-6));
        }
    }
}

}  // namespace

TEST_CASE("an optimizer's rule runs on SIMD arrays as on numbers", "[train]") {
    same_on_packets(weft::sgd{.momentum = 0.9f, .weight_decay = 0.1f, .nesterov = true});
    same_on_packets(weft::adam{.weight_decay = 0.1f});
    same_on_packets(weft::adamw{.weight_decay = 0.1f});
    same_on_packets(weft::rmsprop{.momentum = 0.5f, .centered = true});
    same_on_packets(weft::adagrad{.weight_decay = 0.1f, .initial_sum = 0.1f});
    same_on_packets(weft::nadam{.weight_decay = 0.1f});
    same_on_packets(weft::radam{.weight_decay = 0.1f});
    same_on_packets(weft::amsgrad{.weight_decay = 0.1f});
}

TEST_CASE("centered rmsprop survives a constant gradient", "[train]") {
    // Without the clamp the variance goes below zero by a rounding and the update becomes NaN.
    const weft::rmsprop optimizer{.learning_rate = 1e-4f, .alpha = 0.9f, .epsilon = 1e-3f, .centered = true};
    std::vector<float> p(64, 1.0f), g(64), state(64 * 3);
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = 0.1f + 0.37f * float(i);
    for (int step = 1; step <= 1000; ++step) weft::apply<float>(optimizer, p, g, state, step, 1e-4f);
    for (float x : p) CHECK(std::isfinite(x));
}

TEST_CASE("the learning rate of a step is the one passed in", "[train]") {
    std::vector<double> p{1.0}, g{2.0}, state(1);
    weft::apply<double>(weft::sgd{.learning_rate = 100.0f}, p, g, state, 1, 0.25);
    CHECK(p[0] == 0.5);
}

TEST_CASE("optimizers refuse senseless settings and sizes", "[train]") {
    const float nan = std::nanf("");
    CHECK_THROWS_AS(weft::sgd{.learning_rate = -1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::sgd{.learning_rate = nan}.check(), weft::error);
    CHECK_THROWS_AS(weft::sgd{.nesterov = true}.check(), weft::error);
    CHECK_THROWS_AS(weft::adam{.beta1 = 1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::adam{.beta2 = -0.1f}.check(), weft::error);
    CHECK_THROWS_AS(weft::adamw{.weight_decay = -1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::rmsprop{.alpha = 1.5f}.check(), weft::error);
    CHECK_THROWS_AS(weft::rmsprop{.epsilon = INFINITY}.check(), weft::error);
    CHECK_THROWS_AS(weft::adagrad{.rate_decay = -1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::adagrad{.initial_sum = nan}.check(), weft::error);
    CHECK_THROWS_AS(weft::nadam{.momentum_decay = -1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::radam{.beta2 = 1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::amsgrad{.beta1 = 1.0f}.check(), weft::error);
    CHECK_THROWS_AS(weft::lamb{.weight_decay = nan}.check(), weft::error);
    CHECK_THROWS_AS(weft::adam{}.at<float>(0, 1e-3f), weft::error);
    std::vector<float> p(3), g(3), small(2), state(6);
    CHECK_THROWS_AS(weft::apply<float>(weft::adam{}, p, small, state, 1, 1e-3f), weft::error);
    CHECK_THROWS_AS(weft::apply<float>(weft::adam{}, p, g, g, 1, 1e-3f), weft::error);
    CHECK_NOTHROW(weft::apply<float>(weft::adam{}, p, g, state, 1, 1e-3f));
}

namespace {

/// An optimizer from outside the library, without state.
struct sign_descent {
    float learning_rate = 0.1f;
    static constexpr int slots = 0;
    template <class T>
    struct rule {
        T rate;
        template <class V>
        void operator()(V& p, const V& g, V*) const {
            using std::sqrt;
            p = p - rate * g / sqrt(g * g);
        }
    };
    template <class T>
    rule<T> at(std::int64_t, T rate) const {
        return {rate};
    }
};
static_assert(weft::Optimizer<sign_descent>);

}  // namespace

TEST_CASE("a user's own optimizer fits", "[train]") {
    std::vector<float> p{1.0f, 1.0f}, g{5.0f, -0.5f};
    weft::apply<float>(sign_descent{}, p, g, {}, 1, 0.25f);
    CHECK(p == std::vector<float>{0.75f, 1.25f});
}
