#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/metrics/confusion_matrix.hpp"

using weft::metrics::confusion_matrix;

namespace {

confusion_matrix animals() {
    confusion_matrix m{std::vector<std::string>{"cat", "dog", "k\u00e4fer"}};
    const int counts[3][3] = {{50, 3, 0}, {2, 120, 1}, {0, 0, 4}};
    for (int label = 0; label < 3; ++label) {
        for (int prediction = 0; prediction < 3; ++prediction) {
            for (int i = 0; i < counts[label][prediction]; ++i) m.add(label, prediction);
        }
    }
    return m;
}

}  // namespace

TEST_CASE("a confusion matrix counts labels against predictions", "[metrics]") {
    confusion_matrix m{3};
    const std::vector<float> scores{3, 1, 2, 0, 5, 1, 1, 2, 0};
    const std::vector<int> labels{0, 1, 2};
    m.add(std::span<const float>{scores}, std::span<const int>{labels});
    CHECK(m.count(0, 0) == 1);
    CHECK(m.count(1, 1) == 1);
    CHECK(m.count(2, 1) == 1);
    CHECK(m.count(2, 2) == 0);
    CHECK(m.rows() == 3);
    CHECK(m.accuracy() == Approx(2.0 / 3.0));
}

TEST_CASE("precision, recall and F1 follow from the counts", "[metrics]") {
    const confusion_matrix m = animals();
    CHECK(m.support(1) == 123);
    CHECK(m.predicted(1) == 123);
    CHECK(m.precision(0) == Approx(50.0 / 52.0));
    CHECK(m.recall(0) == Approx(50.0 / 53.0));
    CHECK(m.f1(0) == Approx(2.0 * (50.0 / 52.0) * (50.0 / 53.0) / (50.0 / 52.0 + 50.0 / 53.0)));
    CHECK(m.macro_precision() == Approx((50.0 / 52.0 + 120.0 / 123.0 + 4.0 / 5.0) / 3.0));
    CHECK(m.macro_recall() == Approx((50.0 / 53.0 + 120.0 / 123.0 + 1.0) / 3.0));
    CHECK(m.macro_f1() == Approx((m.f1(0) + m.f1(1) + m.f1(2)) / 3.0));
}

TEST_CASE("an empty confusion matrix has ratios of zero", "[metrics]") {
    const confusion_matrix m{2};
    CHECK(std::isnan(m.accuracy()));
    CHECK(m.precision(0) == 0.0);
    CHECK(m.recall(1) == 0.0);
    CHECK(m.f1(0) == 0.0);
}

TEST_CASE("a confusion matrix prints as an aligned table", "[metrics]") {
    CHECK(animals().text() ==
          "       predicted\n"
          "label    cat    dog  k\u00e4fer   precision  recall     F1\n"
          "  cat     50      3      \u00b7       0.962   0.943  0.952\n"
          "  dog      2    120      1       0.976   0.976  0.976\n"
          "k\u00e4fer      \u00b7      \u00b7      4       0.800   1.000  0.889\n"
          "macro                            0.912   0.973  0.939\n");
}

TEST_CASE("a confusion matrix refuses inputs that make no sense", "[metrics]") {
    CHECK_THROWS_AS(confusion_matrix{1}, weft::error);
    CHECK_THROWS_AS(confusion_matrix{std::vector<std::string>{}}, weft::error);
    CHECK_THROWS_WITH(confusion_matrix{std::numeric_limits<int>::max()},
                      contains("2147483647 classes; at most 30000 have room"));
    CHECK_THROWS_WITH(confusion_matrix{std::numeric_limits<int>::min()}, contains("at least 2 are needed"));
    confusion_matrix m{2};
    CHECK_THROWS_AS(m.add(2, 0), weft::error);
    CHECK_THROWS_AS(m.add(0, -1), weft::error);
    CHECK_THROWS_AS(m.count(0, 2), weft::error);
    CHECK_THROWS_AS(m.name(-1), weft::error);
    const std::vector<float> scores(5);
    const std::vector<int> labels(2);
    CHECK_THROWS_AS(m.add(std::span<const float>{scores}, std::span<const int>{labels}), weft::error);
}
