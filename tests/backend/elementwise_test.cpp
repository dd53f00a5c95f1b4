// The functions at the edges of what floats hold, and how exact they are.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>
#include <weft/backend/cpu/elementwise.hpp>
#include <weft/backend/cpu/policy.hpp>

#include "catch.hpp"

namespace {

using weft::graph::function;
using weft::graph::operand_mode;
using weft::graph::step_kind;

template <function F, step_kind Kind = step_kind::apply, class T>
std::vector<T> run_function(const std::vector<T>& x) {
    using chain = weft::chain<weft::graph::function_list<>, operand_mode::same,
                              weft::step_type<Kind, F, operand_mode::same, weft::to_bits(0.5f), 0>>;
    std::vector<T> source = x, result(x.size()), ones(x.size(), T(1));
    weft::graph::node n;
    n.op = weft::graph::opcode_of<weft::graph::elementwise>;
    n.view = {1, 1, int(x.size())};
    weft::arguments<T> a;
    a.in[0] = Kind == step_kind::apply ? source.data() : ones.data();
    a.operand[0] = Kind == step_kind::apply ? nullptr : source.data();
    a.out[0] = result.data();
    weft::cpu_backend::run_chain<chain>(n, a, 0, 1);
    return result;
}

template <class T>
constexpr T nan = std::numeric_limits<T>::quiet_NaN();
template <class T>
constexpr T inf = std::numeric_limits<T>::infinity();

/// Finite numbers at which naive formulas overflow, cancel or divide by zero; a whole packet and a rest.
template <class T>
std::vector<T> extremes() {
    const T tiny = std::numeric_limits<T>::denorm_min(), small = std::numeric_limits<T>::min();
    return {T(0),   T(-0.0), tiny,    -tiny,    small,   -small,   T(100), T(-100), T(1000), T(-1000),
            T(1e6), T(-1e6), T(1e-6), T(-1e-6), T(88.5), T(-88.5), T(3),   T(-3),   T(20),   T(-20)};
}

template <function F, class T>
void check_extremes() {
    const std::vector<T> x = extremes<T>(), y = run_function<F>(x);
    const std::int32_t bits[2] = {weft::to_bits(0.5f), 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double want =
            weft::reference_backend::apply<weft::graph::function_list<>>(F, bits, double(x[i]));
        CAPTURE(int(F), i, x[i], y[i], want);
        CHECK(!std::isnan(y[i]));
        CHECK(std::abs(double(y[i]) - want) <=
              60 * double(std::numeric_limits<T>::epsilon()) * std::max(1.0, std::abs(want)));
    }
    const std::vector<T> odd = run_function<F>(std::vector<T>{nan<T>, T(1), nan<T>});
    CHECK(std::isnan(odd[0]));
    CHECK(!std::isnan(odd[1]));
    CHECK(std::isnan(odd[2]));
}
template <function F, class T>
void check_slope_extremes() {
    const std::vector<T> x = extremes<T>(), y = run_function<F, step_kind::slope_from_x>(x);
    const std::int32_t bits[2] = {weft::to_bits(0.5f), 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double want =
            weft::reference_backend::slope_from_x<weft::graph::function_list<>>(F, bits, double(x[i]));
        CAPTURE(int(F), i, x[i], y[i], want);
        CHECK(std::abs(double(y[i]) - want) <=
              60 * double(std::numeric_limits<T>::epsilon()) * std::max(1.0, std::abs(want)));
    }
}
template <class T, function... F>
void all_extremes() {
    (check_extremes<F, T>(), ...);
}
template <class T, function... F>
void all_slope_extremes() {
    (check_slope_extremes<F, T>(), ...);
}

/// What a function with parameter 0.5 is, or its slope, in long double.
long double truth(function f, step_kind kind, long double x) {
    using enum function;
    const long double p = 0.5L, k = 0.797884560802865355879892119869L, c = 0.044715L, one = 1;
    const auto sigmoid_at = [](long double u) { return 1 / (1 + std::exp(-u)); };
    const auto softplus_at = [](long double u) {
        return std::max(u, 0.L) + std::log1p(std::exp(-std::abs(u)));
    };
    const auto sigmoid_slope = [](long double u) {
        const long double e = std::exp(-std::abs(u));
        return e / ((1 + e) * (1 + e));
    };
    const long double selu_l = 1.0507009873554804934193349852946L,
                      selu_a = 1.6732632423543772848170429916717L;
    const auto gate_at = [&](long double u) { return std::tanh(softplus_at(u)); };
    const auto cdf_at = [](long double u) { return std::erfc(-u * std::sqrt(0.5L)) / 2; };
    const long double inner = 2 * k * (x + c * x * x * x);
    if (kind == step_kind::slope_from_y) switch (f) {
            case relu:
                return x > 0 ? 1 : 0;
            case leaky_relu:
                return x > 0 ? one : p;
            case elu:
                return x > 0 ? one : x + p;
            case selu:
                return x > 0 ? selu_l : x + selu_l * selu_a;
            case sigmoid:
                return x * (1 - x);
            case function::tanh:
                return 1 - x * x;
            case function::exp:
                return x;
            default:
                return 0.5L / x;
        }
    if (kind == step_kind::slope_from_x) switch (f) {
            case leaky_relu:
                return x > 0 ? one : p;
            case elu:
                return x > 0 ? one : p * std::exp(x);
            case gelu:
                return cdf_at(x) + x * std::exp(-x * x / 2) * 0.398942280401432677939946059934L;
            case gelu_tanh:
                return sigmoid_at(inner) + x * sigmoid_slope(inner) * 2 * k * (1 + 3 * c * x * x);
            case silu:
                return sigmoid_at(x) + x * sigmoid_slope(x);
            case mish:
                return gate_at(x) + x * (1 - gate_at(x) * gate_at(x)) * sigmoid_at(x);
            case hard_swish:
                return x <= -3 ? 0 : x >= 3 ? one : (2 * x + 3) / 6;
            case softplus:
                return sigmoid_at(x);
            case function::log:
                return 1 / x;
            case square:
                return 2 * x;
            case function::abs:
                return x > 0 ? 1 : x < 0 ? -1 : 0;
            default:
                return std::min(std::max(x, -p), p);
        }
    switch (f) {
        case relu:
            return x > 0 ? x : 0;
        case leaky_relu:
            return x > 0 ? x : p * x;
        case elu:
            return x > 0 ? x : p * std::expm1(x);
        case selu:
            return selu_l * (x > 0 ? x : selu_a * std::expm1(x));
        case gelu:
            return x * cdf_at(x);
        case gelu_tanh:
            return x * sigmoid_at(inner);
        case silu:
            return x * sigmoid_at(x);
        case mish:
            return x * gate_at(x);
        case hard_swish:
            return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
        case sigmoid:
            return sigmoid_at(x);
        case function::tanh:
            return std::tanh(x);
        case softplus:
            return softplus_at(x);
        case function::exp:
            return std::exp(x);
        case function::log:
            return std::log(x);
        case square:
            return x * x;
        case function::sqrt:
            return std::sqrt(x);
        case function::abs:
            return std::abs(x);
        default:
            return std::abs(x) <= p ? x * x / 2 : p * (std::abs(x) - p / 2);
    }
}

/// How far a float is from what it should be: for a function in units of the last place of the result, where
/// that is 2^-120 or more, and below in units of 2^-120; for a slope in 2^-23, or in units of its last place
/// above 1.
double error_of(float got, long double want, step_kind kind) {
    const long double size = std::abs(want);
    if (size > 3.4028235e38L)
        return std::abs(got) > 3.4028e38f && std::signbit(got) == std::signbit(want) ? 0 : inf<double>;
    if (kind == step_kind::apply && size < 0x1p-120L) return double(std::abs(got - want) / 0x1p-120L);
    int exponent = 1;
    std::frexp(double(kind == step_kind::apply ? size : std::max(size, 1.L)), &exponent);
    return double(std::abs(got - want) / std::ldexp(1.L, exponent - 24));
}

/// A function or slope, where it is asked for, and the error that cpu/functions.hpp states.
template <function F, step_kind K>
struct row {
    const char* name;
    double stated;
    float low = -std::numeric_limits<float>::max(), high = std::numeric_limits<float>::max();
};
template <class Use>
void for_each_row(const Use& use) {
    using enum function;
    constexpr step_kind apply = step_kind::apply, slope_from_x = step_kind::slope_from_x,
                        slope_from_y = step_kind::slope_from_y;
    const float most = std::numeric_limits<float>::max();
    use(row<leaky_relu, apply>{"leaky_relu", 1});
    use(row<elu, apply>{"elu", 3});
    use(row<selu, apply>{"selu", 3});
#ifdef EIGEN_VECTORIZE_FMA
    use(row<gelu, apply>{"gelu", 8});
#else
    use(row<gelu, apply>{"gelu", 60});
#endif
    use(row<gelu_tanh, apply>{"gelu_tanh", 250});
    use(row<gelu_tanh, apply>{"gelu_tanh > -3", 13, -3});
    use(row<silu, apply>{"silu", 6});
    use(row<mish, apply>{"mish", 6});
    use(row<hard_swish, apply>{"hard_swish", 3});
    use(row<sigmoid, apply>{"sigmoid", 6});
    use(row<function::tanh, apply>{"tanh", 6});
    use(row<softplus, apply>{"softplus", 6});
    use(row<function::exp, apply>{"exp", 6});
    use(row<function::log, apply>{"log", 2, 0});
    use(row<square, apply>{"square", 1});
    use(row<function::sqrt, apply>{"sqrt", 4, 0});
    use(row<huber, apply>{"huber", 2});
    use(row<leaky_relu, slope_from_x>{"leaky_relu'", 0});
    use(row<elu, slope_from_x>{"elu'", 2});
    use(row<gelu, slope_from_x>{"gelu'", 2});
    use(row<gelu_tanh, slope_from_x>{"gelu_tanh'", 4});
    use(row<silu, slope_from_x>{"silu'", 2});
    use(row<mish, slope_from_x>{"mish'", 4});
    use(row<hard_swish, slope_from_x>{"hard_swish'", 1});
    use(row<softplus, slope_from_x>{"softplus'", 2});
    use(row<function::log, slope_from_x>{"log'", 1, 0, most});
    use(row<square, slope_from_x>{"square'", 1});
    use(row<huber, slope_from_x>{"huber'", 1});
    use(row<elu, slope_from_y>{"elu' of y", 1, -0.5f, most});
    use(row<selu, slope_from_y>{"selu' of y", 1, -1.7580993f, most});
    use(row<sigmoid, slope_from_y>{"sigmoid' of y", 1, 0, 1});
    use(row<function::tanh, slope_from_y>{"tanh' of y", 1, -1, 1});
    use(row<function::sqrt, slope_from_y>{"sqrt' of y", 1, 0, most});
}

/// Every stride-th float, and what is odd: a line for each row whose error is larger than stated, or for all.
std::vector<std::string> worst_errors(std::uint32_t stride, bool all = false) {
    std::vector<std::string> lines;
    for_each_row([&]<function F, step_kind K>(const row<F, K>& r) {
        double worst = 0;
        float at = 0;
        std::vector<float> x;
        const auto compare = [&] {
            const std::vector<float> y = run_function<F, K>(x);
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double error = error_of(y[i], truth(F, K, x[i]), K);
                if (worst == worst && !(error <= worst)) worst = error, at = x[i];  // keeps NaN
            }
            x.clear();
        };
        for (std::uint64_t bits = 0; bits < std::uint64_t(1) << 32; bits += stride) {
            const float v = weft::from_bits(std::int32_t(std::uint32_t(bits)));
            if (v >= r.low && v <= r.high) x.push_back(v);
            if (x.size() == 4096) compare();
        }
        for (float v : extremes<float>())
            if (v >= r.low && v <= r.high) x.push_back(v);
        compare();
        char line[80];
        std::snprintf(line, sizeof line, "%-14s %6.2f of %2g stated, at %.9g", r.name, worst, r.stated,
                      double(at));
        if (all || !(worst <= r.stated)) lines.push_back(line);
    });
    for (const std::string& line : lines)
        if (!all) UNSCOPED_INFO(line);
    return lines;
}

/// Numbers in ±size.
struct rng_of_doubles {
    std::mt19937_64 engine{5};
    double operator()(double size) { return std::uniform_real_distribution<double>(-size, size)(engine); }
};

template <class T>
void check_infinities() {
    using enum function;
    const std::vector<T> ends{inf<T>, -inf<T>};
    CHECK(run_function<relu>(ends) == std::vector<T>{inf<T>, T(0)});
    CHECK(run_function<leaky_relu>(ends) == ends);
    CHECK(run_function<sigmoid>(ends)[0] == T(1));
    CHECK(std::abs(run_function<sigmoid>(ends)[1]) <= std::numeric_limits<T>::min() * 4);
    CHECK(run_function<function::tanh>(ends) == std::vector<T>{T(1), T(-1)});
    CHECK(run_function<elu>(ends)[0] == inf<T>);
    CHECK(run_function<elu>(ends)[1] == T(-0.5));
    CHECK(run_function<softplus>(ends)[0] == inf<T>);
    CHECK(run_function<softplus>(ends)[1] == T(0));
    CHECK(run_function<function::exp>(ends) == std::vector<T>{inf<T>, T(0)});
}

}  // namespace

TEST_CASE("functions: finite results at extreme arguments, and NaN stays NaN") {
    using enum function;
    all_extremes<float, relu, leaky_relu, elu, selu, gelu, silu, hard_swish, sigmoid, function::tanh,
                 function::abs>();
    all_extremes<double, relu, leaky_relu, elu, selu, gelu, silu, hard_swish, sigmoid, function::tanh,
                 function::abs>();
    all_extremes<float, gelu_tanh, mish, softplus, huber>();
    all_extremes<double, gelu_tanh, mish, softplus, huber>();
}
TEST_CASE("functions: slopes at extreme arguments") {
    using enum function;
    all_slope_extremes<float, gelu, silu, mish, hard_swish, softplus, function::abs, huber>();
    all_slope_extremes<double, gelu, silu, mish, hard_swish, softplus, function::abs, huber>();
}
TEST_CASE("functions: infinities") {
    check_infinities<float>();
    check_infinities<double>();
}
TEST_CASE("functions: sigmoid of large negative numbers is no NaN") {
    for (float x : {-80.f, -88.f, -89.f, -100.f, -1000.f, -1e30f}) {
        const std::vector<float> y = run_function<function::sigmoid>(std::vector<float>(17, x));
        for (float v : y) CHECK((v >= 0 && v < 1e-30f));
    }
}
TEST_CASE("functions: an element's bits do not depend on its place") {
    std::vector<float> x(67);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.13f * float(i) - 4;
    const std::vector<float> whole = run_function<function::gelu>(x);
    for (std::size_t i = 0; i < x.size(); ++i)
        CHECK(run_function<function::gelu>(std::vector{x[i]})[0] == whole[i]);
}
// The bounds that cpu/functions.hpp states, a row for each function and slope.
TEST_CASE("functions: the stated errors in float") { CHECK(worst_errors(104729).empty()); }
TEST_CASE("functions: measured errors in float", "[.measure]") {
    const char* stride = std::getenv("WEFT_STRIDE");
    for (const std::string& line : worst_errors(stride ? std::uint32_t(std::atol(stride)) : 997, true))
        std::printf("%s\n", line.c_str());
}
TEST_CASE("functions: doubles are as exact") {
    rng_of_doubles draw;
    std::vector<double> x;
    for (int i = 0; i < 4000; ++i) x.push_back(draw(i % 2 ? 40 : 1) * std::pow(10., -(i % 12)));
    for_each_row([&]<function F, step_kind K>(row<F, K> r) {
        if (K == step_kind::slope_from_y || F == function::log || F == function::sqrt || F == function::exp)
            return;
        const std::vector<double> y = run_function<F, K>(x);
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            const long double want = truth(F, K, x[i]);
            const double unit = std::ldexp(
                K == step_kind::apply ? std::abs(double(want)) : std::max(1., std::abs(double(want))), -53);
            worst = std::max(
                worst, double(std::abs(static_cast<long double>(y[i]) - want)) / std::max(unit, 1e-300));
        }
        CAPTURE(r.name, worst);
        CHECK(worst <= 24);
    });
}
TEST_CASE("functions: the policy says what falls back to the reference") {
    const auto check = []<class... P>(weft::graph::primitive_list<P...>) {
        return ((weft::cpu_backend::falls_back<P> == (std::is_same_v<P, weft::graph::batch_norm_coeffs> ||
                                                      (weft::graph::traits_of<P> & weft::graph::expands))) &&
                ...);
    };
    CHECK(check(weft::graph::primitives{}));
}
