// The functions at the edges of what floats hold, and the packets' error function.
#include <cmath>
#include <limits>
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
    CHECK(std::abs(run_function<softplus>(ends)[1]) < std::numeric_limits<T>::epsilon());
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
TEST_CASE("functions: the packets' erf") {
    using namespace weft::cpu_backend;
    using P = packet_of<float>;
    constexpr int width = int(ei::packet_traits<float>::size);
    float x[width], y[width];
    double near_zero = 0, elsewhere = 0;
    for (double at = -4.5; at < 4.5; at += 1e-4) {
        for (float& v : x) v = float(at);
        ei::pstoreu(y, weft::cpu_backend::erf(ei::ploadu<P>(x)));
        const double want = std::erf(double(x[0])), error = std::abs(double(y[0]) - want) / std::abs(want);
        if (want == 0) continue;
        double& worst = std::abs(at) < 1 ? near_zero : elsewhere;
        worst = std::max(worst, error);
    }
    CHECK(near_zero <= 1.0e-7);
    CHECK(elsewhere <= 6e-7);
}
TEST_CASE("functions: the policy says what falls back to the reference") {
    const auto check = []<class... P>(weft::graph::primitive_list<P...>) {
        return ((weft::cpu_backend::falls_back<P> == (std::is_same_v<P, weft::graph::batch_norm_coeffs> ||
                                                      (weft::graph::traits_of<P> & weft::graph::expands))) &&
                ...);
    };
    CHECK(check(weft::graph::primitives{}));
}
