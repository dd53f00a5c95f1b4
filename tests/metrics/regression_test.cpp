#include <cmath>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "weft/metrics/regression.hpp"

namespace {

const std::vector<double> predictions{2.5, 0.0, 2.0, 8.0}, targets{3.0, -0.5, 2.0, 7.0};

template <class Metric, class T>
void add(Metric& m, const std::vector<T>& p, const std::vector<T>& t) {
    m.add(std::span<const T>{p}, std::span<const T>{t});
}

}  // namespace

TEST_CASE("mean absolute and root mean squared error", "[metrics]") {
    weft::metrics::mean_absolute_error mae;
    weft::metrics::root_mean_squared_error rmse;
    CHECK(std::isnan(mae.value()));
    CHECK(std::isnan(rmse.value()));
    add(mae, predictions, targets);
    add(rmse, predictions, targets);
    CHECK(mae.value() == Approx(0.5));
    CHECK(rmse.value() == Approx(std::sqrt(0.375)));
    add(mae, std::vector<float>{1}, std::vector<float>{3});  // in batches, of any type
    CHECK(mae.value() == Approx(0.8));
    CHECK_THROWS_AS(add(mae, predictions, {1.0}), weft::error);
    CHECK_THROWS_AS(add(rmse, predictions, {1.0}), weft::error);
}

TEST_CASE("r2 is scikit-learn's", "[metrics]") {
    weft::metrics::r2 r2;
    CHECK(std::isnan(r2.value()));
    add(r2, predictions, targets);
    CHECK(r2.value() == Approx(0.9486081370449679));  // the example of r2_score's page

    weft::metrics::r2 two{2};
    add(two, std::vector<double>{0, 2, -1, 2}, std::vector<double>{0.5, 1, -1, 1});
    add(two, std::vector<double>{8, -5}, std::vector<double>{7, -6});
    CHECK(two.value() == Approx(0.9368005266622779));
}

TEST_CASE("r2 of targets that do not vary, or lie far from zero", "[metrics]") {
    weft::metrics::r2 perfect, wrong, far;
    add(perfect, std::vector<double>{2, 2}, std::vector<double>{2, 2});
    CHECK(perfect.value() == 1.0);
    add(wrong, std::vector<double>{2, 3}, std::vector<double>{2, 2});
    CHECK(wrong.value() == 0.0);
    std::vector<double> p = predictions, t = targets;
    for (double& x : p) x += 1e9;
    for (double& x : t) x += 1e9;
    add(far, p, t);
    CHECK(far.value() == Approx(0.9486081370449679).epsilon(1e-6));
}

TEST_CASE("r2 refuses sizes that do not fit", "[metrics]") {
    CHECK_THROWS_AS(weft::metrics::r2{0}, weft::error);
    weft::metrics::r2 two{2};
    CHECK_THROWS_AS(add(two, std::vector<double>{1, 2, 3}, std::vector<double>{1, 2, 3}), weft::error);
    CHECK_THROWS_AS(add(two, std::vector<double>{1, 2}, std::vector<double>{1}), weft::error);
}
