#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/train/plateau.hpp"
#include "weft/train/schedule.hpp"

using weft::epochs;
using weft::schedule;
using weft::steps;

namespace {

/// What PyTorch's schedulers give; made by tests/golden/make_optimizer_golden.py.
std::map<std::string, std::vector<double>> golden_schedules() {
    std::map<std::string, std::vector<double>> result;
    std::ifstream in{WEFT_TEST_SOURCE_DIR "/golden/schedules.txt"};
    std::string line;
    while (std::getline(in, line)) {
        std::istringstream words{line};
        std::string name;
        words >> name;
        for (std::string x; words >> x;) result[name].push_back(std::strtod(x.c_str(), nullptr));  // nan too
    }
    return result;
}

void follows(const std::vector<double>& expected, const schedule& s) {
    REQUIRE(!expected.empty());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO("step " << i);
        CHECK(double(s(std::int64_t(i))) == Approx(expected[i]).epsilon(1e-6));
    }
}

}  // namespace

TEST_CASE("schedules follow PyTorch's", "[train]") {
    const auto golden = golden_schedules();
    follows(golden.at("step_decay"), schedule::step_decay(3, 0.5f));
    follows(golden.at("multi_step"), schedule::multi_step({5, 2, 6}, 0.5f));
    follows(golden.at("exponential"), schedule::exponential(1, 0.75f));
    follows(golden.at("linear"), schedule::linear(6, 0.25f, 0.75f));
    follows(golden.at("cosine"), schedule::cosine(8, 0.1f));
    follows(golden.at("cosine_restarts"), schedule::cosine_restarts(4, 1, 0.1f));
    follows(golden.at("cosine_restarts_longer"), schedule::cosine_restarts(3, 2));
    follows(golden.at("one_cycle"), schedule::one_cycle(20));
    follows(golden.at("one_cycle_linear"),
            schedule::one_cycle(15, {.rise = 0.4f, .start_divisor = 10.0f, .linear = true}));
    follows(golden.at("one_cycle_three_phase"),
            schedule::one_cycle(21, {.end_divisor = 100.0f, .three_phase = true}));
    follows(golden.at("one_cycle_short"), schedule::one_cycle(2));
}

TEST_CASE("a rate is reduced on plateaus as PyTorch's", "[train]") {
    const auto golden = golden_schedules();
    const auto follow = [&](const char* name, weft::plateau_options options) {
        INFO(name);
        const auto seen = [&](double metric) { return options.larger_is_better ? 4 - metric : metric; };
        weft::reduce_on_plateau rule(options);
        const auto &metrics = golden.at("metrics"), &expected = golden.at(name);
        REQUIRE(expected.size() == metrics.size());
        for (std::size_t i = 0; i < metrics.size(); ++i) {
            INFO("epoch " << i);
            CHECK(double(rule.update(seen(metrics[i]))) == Approx(expected[i]).epsilon(1e-6));
        }
        CHECK(rule.best() == seen(0.5));
    };
    follow("plateau", {.factor = 0.5f, .patience = 2});
    follow("plateau_absolute", {.factor = 0.1f, .patience = 0, .threshold = 0.25f, .absolute = true});
    follow("plateau_cooldown", {.factor = 0.5f, .patience = 1, .cooldown = 2, .floor = 0.2f});
    follow("plateau_larger", {.factor = 0.5f, .patience = 1, .threshold = 0.05f, .larger_is_better = true});
    CHECK(weft::reduce_on_plateau{}.factor() == 1.0f);
    CHECK_THROWS_WITH(weft::reduce_on_plateau({.factor = 1.5f}), contains("factor: 1.5"));
    CHECK_THROWS_AS(weft::reduce_on_plateau({.patience = -1}), weft::error);
    CHECK_THROWS_AS(weft::reduce_on_plateau({.threshold = std::nanf("")}), weft::error);
    CHECK_THROWS_AS(weft::reduce_on_plateau({.cooldown = -1}), weft::error);
    CHECK_THROWS_AS(weft::reduce_on_plateau({.floor = 2}), weft::error);
}

TEST_CASE("a schedule is a constant 1 by default", "[train]") {
    CHECK(schedule{}(0) == 1.0f);
    CHECK(schedule::constant()(1'000'000'000'000) == 1.0f);
}

TEST_CASE("schedules stay where they end", "[train]") {
    CHECK(schedule::cosine(10, 0.25f)(10) == 0.25f);
    CHECK(schedule::cosine(10, 0.25f)(100000) == 0.25f);
    CHECK(schedule::linear(10)(5) == 0.5f);
    CHECK(schedule::linear(10)(1'000'000'000'000) == 0.0f);
    CHECK(schedule::multi_step({}, 0.5f)(100000) == 1.0f);
    CHECK(schedule::cosine_restarts(1)(1'000'000'000'000) == 1.0f);
    CHECK(std::isfinite(schedule::cosine_restarts(1, 2)(1'000'000'000'000)));
    CHECK(schedule::one_cycle(20)(500) == schedule::one_cycle(20)(19));
    CHECK(schedule::one_cycle(20, {.max_factor = 10.0f})(5) == Approx(10.0f));
    CHECK(std::isfinite(schedule::one_cycle(1)(0)));
    CHECK(schedule::one_cycle(2, {.rise = 0.5f})(0) == 1.0f);  // a rise of no length
}

TEST_CASE("warm-up rises to 1 and hands over", "[train]") {
    const schedule s = schedule::warmup(4, schedule::step_decay(2, 0.5f));
    const std::vector<float> expected{0.25f, 0.5f, 0.75f, 1.0f, 1.0f, 1.0f, 0.5f, 0.5f, 0.25f};
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(s(std::int64_t(i)) == expected[i]);
    CHECK(schedule::warmup(4)(100) == 1.0f);
}

TEST_CASE("schedules count in epochs once bound", "[train]") {
    const schedule open = schedule::warmup(epochs{0.5}, schedule::step_decay(epochs{2}, 0.1f));
    CHECK_THROWS_AS(open(0), weft::error);
    const schedule s = open.bound(10);
    CHECK(s(0) == Approx(0.2f));
    CHECK(s(4) == 1.0f);
    CHECK(s(24) == 1.0f);
    CHECK(s(25) == Approx(0.1f));
    CHECK(schedule::cosine(steps{10})(5) == Approx(0.5f));  // needs no binding
    CHECK(schedule::cosine(epochs{2}).bound(5)(5) == Approx(0.5f));
    CHECK(schedule::multi_step({epochs{1}, steps{12}}, 0.5f).bound(5)(11) == 0.5f);
    CHECK(schedule::exponential(epochs{1}, 0.25f).bound(2)(1) == 0.5f);
    CHECK(schedule::linear(epochs{2}, 0, 1).bound(5)(5) == 0.5f);
    CHECK(schedule::cosine_restarts(epochs{1}).bound(4)(6) == Approx(0.5f));
    CHECK(schedule::step_decay(epochs{0.001}, 0.5f).bound(10)(3) == 0.125f);  // at least a step long
}

TEST_CASE("schedules can be a user's own function", "[train]") {
    const schedule halves{[](std::int64_t step) { return step % 2 ? 0.5f : 1.0f; }};
    CHECK(halves(3) == 0.5f);
    const schedule copy = halves;
    CHECK(copy(2) == 1.0f);
    const schedule by_epoch{[](std::int64_t step, std::int64_t n) { return float(step / n); }};
    CHECK(by_epoch.bound(3)(7) == 2.0f);
}

TEST_CASE("schedules refuse senseless settings", "[train]") {
    CHECK_THROWS_AS(schedule::cosine(0), weft::error);
    CHECK_THROWS_AS(schedule::cosine(-5), weft::error);
    CHECK_THROWS_AS(schedule::cosine(epochs{std::nan("")}), weft::error);
    CHECK_THROWS_AS(schedule::cosine(10, -0.1f), weft::error);
    CHECK_THROWS_AS(schedule::step_decay(3, std::nanf("")), weft::error);
    CHECK_THROWS_AS(schedule::multi_step({0}, 0.5f), weft::error);
    CHECK_THROWS_AS(schedule::multi_step({5}, -0.5f), weft::error);
    CHECK_THROWS_AS(schedule::exponential(1, INFINITY), weft::error);
    CHECK_THROWS_AS(schedule::linear(5, -1), weft::error);
    CHECK_THROWS_AS(schedule::cosine_restarts(5, 0), weft::error);
    CHECK_THROWS_AS(schedule::cosine_restarts(5, 1, 2), weft::error);
    CHECK_THROWS_AS(schedule::one_cycle(10, {.rise = 0.0f}), weft::error);
    CHECK_THROWS_AS(schedule::one_cycle(10, {.rise = 0.6f, .three_phase = true}), weft::error);
    CHECK_THROWS_AS(schedule::one_cycle(10, {.end_divisor = 0.0f}), weft::error);
    CHECK_THROWS_AS(schedule::cosine(10).bound(0), weft::error);
    // a number of epochs without its unit
    CHECK_THROWS_WITH(schedule::cosine(3).bound(100), contains("cosine(3)") && contains("an epoch has 100") &&
                                                          contains("write epochs{3}, or steps{3}"));
    CHECK_THROWS_WITH(schedule::warmup(5, schedule::one_cycle(20)).bound(100), contains("one_cycle(20)"));
    CHECK_NOTHROW(schedule::warmup(5, schedule::one_cycle(steps{20})).bound(100));
    CHECK_NOTHROW(schedule::cosine(100).bound(100));
}
