#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "weft/metrics/accuracy.hpp"

namespace {

template <class T>
std::span<const T> view(const std::vector<T>& v) {
    return v;
}

const std::vector<float> scores{0.1f, 0.7f, 0.2f,   //
                                0.5f, 0.3f, 0.2f,   //
                                0.3f, 0.4f, 0.35f,  //
                                -5.f, -9.f, -7.f};
const std::vector<int> labels{1, 0, 2, 1};

}  // namespace

TEST_CASE("accuracy counts the rows whose best class is the label", "[metrics]") {
    weft::metrics::accuracy accuracy{3};
    CHECK(std::isnan(accuracy.value()));
    accuracy.add(view(scores), view(labels));
    CHECK(accuracy.value() == 0.5);
    CHECK(accuracy.rows() == 4);
    accuracy.add(std::span<const double>{}, std::span<const int>{});
    accuracy.add(view(std::vector<double>{1, 2, 3}), view(std::vector<int>{2}));
    CHECK(accuracy.value() == 0.6);
    CHECK(accuracy.correct() == 3);
}

TEST_CASE("top-k accuracy counts the rows whose label is among the k best", "[metrics]") {
    for (auto [k, expected] : {std::pair{1, 0.5}, std::pair{2, 0.75}, std::pair{3, 1.0}}) {
        weft::metrics::top_k_accuracy top{3, k};
        top.add(view(scores), view(labels));
        CHECK(top.value() == expected);
    }
}

TEST_CASE("among equal scores the lower class wins, once", "[metrics]") {
    weft::metrics::accuracy accuracy{3};
    accuracy.add(view(std::vector<float>{1, 1, 1, 1, 1, 1, 1, 1, 1}), view(std::vector<int>{0, 1, 2}));
    CHECK(accuracy.correct() == 1);
}

TEST_CASE("one logit per row tells two classes apart", "[metrics]") {
    weft::metrics::accuracy accuracy{2};
    accuracy.add(view(std::vector<float>{-1, 2, 0, 3}), view(std::vector<int>{0, 1, 1, 0}));
    CHECK(accuracy.value() == 0.5);
    weft::metrics::accuracy wide{2};
    wide.add(view(std::vector<float>{-1, 2, 0, 3}), view(std::vector<int>{0, 1}));
    CHECK(wide.value() == 0.5);
}

TEST_CASE("accuracy refuses inputs that make no sense", "[metrics]") {
    using weft::metrics::accuracy;
    using weft::metrics::top_k_accuracy;
    CHECK_THROWS_AS(accuracy{1}, weft::error);
    CHECK_THROWS_AS((top_k_accuracy{3, 0}), weft::error);
    CHECK_THROWS_AS((top_k_accuracy{3, 4}), weft::error);
    accuracy a{3};
    CHECK_THROWS_AS(a.add(view(std::vector<float>(7)), view(std::vector<int>(2))), weft::error);
    CHECK_THROWS_AS(a.add(view(std::vector<float>(6)), view(std::vector<int>(3))), weft::error);
    CHECK_THROWS_AS(a.add(view(std::vector<float>(3)), view(std::vector<int>{3})), weft::error);
    CHECK_THROWS_AS(a.add(view(std::vector<float>(3)), view(std::vector<int>{-1})), weft::error);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(a.add(view(std::vector<float>{0, nan, 0}), view(std::vector<int>{0})), weft::error);
    CHECK(a.rows() == 0);
}
