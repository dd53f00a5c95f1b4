// First values of parameters: PyTorch's bounds and deviations, orthogonal rows, a function of seed and
// number.
#include <algorithm>
#include <cmath>
#include <vector>
#include <weft/initialize.hpp>

#include "../catch.hpp"

using namespace weft;

namespace {

constexpr int rows = 120, columns = 300;

std::vector<double> drawn(init_kind kind, std::uint64_t seed_value = 1, std::uint64_t index = 0, int r = rows,
                          int c = columns) {
    graph::parameter_record p;
    p.dims = extents(r, c);
    p.init = {kind, c, r};
    std::vector<double> values(std::size_t(r * c));
    initialize(std::span(values), p, seed{seed_value}, index);
    return values;
}
double deviation(const std::vector<double>& x) {
    double squares = 0;
    for (double v : x) squares += v * v;
    return std::sqrt(squares / double(x.size()));
}
double mean(const std::vector<double>& x) {
    double sum = 0;
    for (double v : x) sum += v;
    return sum / double(x.size());
}
double largest(const std::vector<double>& x) {
    double most = 0;
    for (double v : x) most = std::max(most, std::abs(v));
    return most;
}

}  // namespace

TEST_CASE("uniform initialisers fill their bounds", "[train]") {
    const double in = columns, out = rows;
    const std::pair<init_kind, double> bounds[] = {
        {init_kind::torch_default, 1 / std::sqrt(in)},
        {init_kind::kaiming_uniform, std::sqrt(6 / in)},
        {init_kind::xavier_uniform, std::sqrt(6 / (in + out))},
        {init_kind::lecun_uniform, std::sqrt(3 / in)},
    };
    for (const auto& [kind, bound] : bounds) {
        INFO("initialiser " << int(kind));
        const auto x = drawn(kind);
        CHECK(largest(x) <= bound);
        CHECK(largest(x) > 0.999 * bound);
        CHECK(deviation(x) == Approx(bound / std::sqrt(3)).epsilon(0.02));
        CHECK(std::abs(mean(x)) < 0.01 * bound);
    }
}

TEST_CASE("normal initialisers have their deviations", "[train]") {
    const double in = columns, out = rows;
    const std::pair<init_kind, double> deviations[] = {
        {init_kind::kaiming_normal, std::sqrt(2 / in)},
        {init_kind::xavier_normal, std::sqrt(2 / (in + out))},
        {init_kind::lecun_normal, std::sqrt(1 / in)},
    };
    for (const auto& [kind, expected] : deviations) {
        INFO("initialiser " << int(kind));
        const auto x = drawn(kind);
        CHECK(deviation(x) == Approx(expected).epsilon(0.02));
        CHECK(std::abs(mean(x)) < 0.02 * expected);
        const double limit = expected;  // clang 14 captures no structured binding
        const auto within = std::count_if(x.begin(), x.end(), [&](double v) { return std::abs(v) < limit; });
        CHECK(double(within) / double(x.size()) == Approx(0.6827).margin(0.01));
    }
}

TEST_CASE("orthogonal rows, or columns, have length one and right angles", "[train]") {
    for (const auto& [r, c] : {std::pair{7, 19}, std::pair{19, 7}, std::pair{8, 8}}) {
        const auto x = drawn(init_kind::orthogonal, 1, 0, r, c);
        const int n = std::min(r, c), m = std::max(r, c);
        for (int i = 0; i < n; ++i)
            for (int j = 0; j <= i; ++j) {
                double dot = 0;
                for (int k = 0; k < m; ++k)
                    dot += r <= c ? x[std::size_t(i * c + k)] * x[std::size_t(j * c + k)]
                                  : x[std::size_t(k * c + i)] * x[std::size_t(k * c + j)];
                CHECK(dot == Approx(i == j ? 1 : 0).margin(1e-12));
            }
    }
}

TEST_CASE("the seed and the parameter's number decide", "[train]") {
    CHECK(drawn(init_kind::kaiming_normal, 5, 2) == drawn(init_kind::kaiming_normal, 5, 2));
    CHECK(drawn(init_kind::kaiming_normal, 5, 2) != drawn(init_kind::kaiming_normal, 6, 2));
    CHECK(drawn(init_kind::kaiming_normal, 5, 2) != drawn(init_kind::kaiming_normal, 5, 3));
    CHECK(largest(drawn(init_kind::zeros)) == 0);
    CHECK(mean(drawn(init_kind::ones)) == 1);
}
