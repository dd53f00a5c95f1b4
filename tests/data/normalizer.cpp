#include "weft/data/normalizer.hpp"

#include <limits>
#include <span>
#include <vector>

#include "../catch.hpp"

namespace data = weft::data;

TEST_CASE("a normalizer is fitted on one dataset and applied to others", "[data][normalizer]") {
    data::dataset<float, int> train({1, 100, 0.1f, 3, 300, 0.1f, 5, 200, 0.1f}, {0, 1, 0}, 3);
    data::dataset<float, int> test({3, 200, 7}, {1}, 3);
    const auto scale = data::normalizer::fit(train);
    CHECK(scale.mean[0] == Approx(3));
    CHECK(scale.deviation[0] == Approx(1.6329931619));
    CHECK(scale.deviation[1] == Approx(81.649658093));
    scale.apply(train);
    scale.apply(test);
    CHECK(train.inputs[0] == Approx(-1.2247448714));
    CHECK(train.inputs[1] == Approx(-1.2247448714));
    CHECK(train.inputs[6] == Approx(1.2247448714));
    CHECK(test.inputs[0] == Approx(0).margin(1e-6));
    CHECK(test.inputs[1] == Approx(0).margin(1e-6));
    // The third feature never varied.
    CHECK(train.inputs[2] == 0.1f);
    CHECK(test.inputs[2] == 7.0f);

    const auto again = data::normalizer::fit(train);
    CHECK(again.mean[1] == Approx(0).margin(1e-6));
    CHECK(again.deviation[1] == Approx(1));
}

TEST_CASE("a normalizer refuses what it cannot fit or apply", "[data][normalizer]") {
    CHECK_THROWS_AS(data::normalizer::fit(data::dataset<>{}), weft::error);
    data::dataset<float, int> broken({1, std::numeric_limits<float>::quiet_NaN()}, {0, 1}, 1);
    CHECK_THROWS_WITH(data::normalizer::fit(broken), contains("feature 0") && contains("not finite"));

    const data::dataset<float, int> train({1, 2, 3, 4}, {0, 1}, 2);
    data::dataset<float, int> other({1, 2, 3}, {0}, 3);
    const auto scale = data::normalizer::fit(train);
    CHECK_THROWS_WITH(scale.apply(other), contains("3 features") && contains("knows 2"));
    std::vector<float> odd(3);
    CHECK_THROWS_AS(scale.apply(std::span<float>(odd)), weft::error);
    CHECK_THROWS_AS(data::normalizer{}.apply(std::span<float>(odd)), weft::error);
}
