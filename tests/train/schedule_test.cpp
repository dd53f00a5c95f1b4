#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../catch.hpp"
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
        for (double x; words >> x;) result[name].push_back(x);
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
    follows(golden.at("cosine"), schedule::cosine(8, 0.1f));
    follows(golden.at("one_cycle"), schedule::one_cycle(20));
    follows(golden.at("one_cycle_linear"),
            schedule::one_cycle(15, {.rise = 0.4f, .start_divisor = 10.0f, .linear = true}));
    follows(golden.at("one_cycle_three_phase"),
            schedule::one_cycle(21, {.end_divisor = 100.0f, .three_phase = true}));
    follows(golden.at("one_cycle_short"), schedule::one_cycle(2));
}

TEST_CASE("a schedule is a constant 1 by default", "[train]") {
    CHECK(schedule{}(0) == 1.0f);
    CHECK(schedule::constant()(1'000'000'000'000) == 1.0f);
}

TEST_CASE("schedules stay where they end", "[train]") {
    CHECK(schedule::cosine(10, 0.25f)(10) == 0.25f);
    CHECK(schedule::cosine(10, 0.25f)(100000) == 0.25f);
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
    CHECK_THROWS_AS(schedule::one_cycle(10, {.rise = 0.0f}), weft::error);
    CHECK_THROWS_AS(schedule::one_cycle(10, {.rise = 0.6f, .three_phase = true}), weft::error);
    CHECK_THROWS_AS(schedule::one_cycle(10, {.end_divisor = 0.0f}), weft::error);
    CHECK_THROWS_AS(schedule::cosine(10).bound(0), weft::error);
}
