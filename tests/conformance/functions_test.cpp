// Every function and slope, alone and behind products; and the reference's slopes against differences.
#include "problem.hpp"

namespace {

using namespace conformance;
using weft::to_bits;
using enum operand_mode;

template <step_kind Kind, function Fn, std::int32_t Bits0 = to_bits(0.75f)>
using step = weft::step_type<Kind, Fn, same, Bits0, 0>;
template <class... Steps>
using chain = weft::chain<weft::graph::function_list<>, same, Steps...>;

/// A user's own function: x^3.
struct cube {
    template <class T>
    static constexpr T value(T x) {
        return x * x * x;
    }
    template <class T>
    static constexpr T slope(T x) {
        return 3 * x * x;
    }
};

constexpr bool positive_only(function f) { return f == function::log || f == function::sqrt; }

template <class T, class Chain>
void check_function(function f, step_kind kind) {
    rng r(23);
    for (int n : {1, 2, 3, 5, 8, 13, 16, 17, 33, 64, 67, 301}) {
        problem<T> p;
        p.batch = between(r, 1, 3);
        p.n.op = graph::opcode_of<graph::elementwise>;
        p.n.view = {1, 1, n};
        set_steps(p.n, Chain{});
        const bool results = kind == step_kind::slope_from_y;
        const double low = positive_only(f) ? 0.1 : results ? -0.9 : -6, high = results ? 0.95 : 6;
        fill_operands(p, r, low, high);
        const std::size_t size = std::size_t(p.batch) * std::size_t(n);
        p.in = {kind == step_kind::apply ? numbers<T>(r, size, low, high) : numbers<T>(r, size)};
        p.out = {size};
        p.length = 100;
        CAPTURE(int(f), int(kind), n, sizeof(T));
        check<graph::elementwise, Chain>(p);
    }
}
template <class T, function... F>
void check_all(std::integer_sequence<function, F...>) {
    (check_function<T, chain<step<step_kind::apply, F>>>(F, step_kind::apply), ...);
}
template <class T, function... F>
void check_slopes_from_x(std::integer_sequence<function, F...>) {
    (check_function<T, chain<step<step_kind::slope_from_x, F>>>(F, step_kind::slope_from_x), ...);
}
template <class T, function... F>
void check_slopes_from_y(std::integer_sequence<function, F...>) {
    (check_function<T, chain<step<step_kind::slope_from_y, F>>>(F, step_kind::slope_from_y), ...);
}

/// The limits of a function at plus and minus infinity, where they are numbers or infinite.
template <class T, function F, step_kind Kind>
void check_limits(double up, double down) {
    const T inf = std::numeric_limits<T>::infinity();
    problem<T> p;
    p.n.op = graph::opcode_of<graph::elementwise>;
    p.n.view = {1, 1, 2};
    set_steps(p.n, chain<step<Kind, F>>{});
    const std::vector<T> ends = {inf, -inf};
    p.operand.resize(1);
    p.in = {ends};
    if (Kind != step_kind::apply) p.operand[0] = ends, p.in[0] = {1, 1};
    p.out = {2};
    CAPTURE(int(F), int(Kind), sizeof(T));
    check<graph::elementwise, chain<step<Kind, F>>>(p);
    const auto got = on_policy<graph::elementwise, chain<step<Kind, F>>>(p, 1).out[0];
    CHECK(double(got[0]) == up);
    CHECK(double(got[1]) == down);
}
template <class T, function... F>
void check_gates(std::integer_sequence<function, F...>) {
    (check_limits<T, F, step_kind::apply>(std::numeric_limits<double>::infinity(), 0), ...);
    (check_limits<T, F, step_kind::slope_from_x>(1, 0), ...);
}

template <function... F>
using list = std::integer_sequence<function, F...>;
/// By name, because nvcc puts headers that call exp and sqrt behind all else.
namespace lists {
using enum function;
using from_result = list<relu, leaky_relu, elu, selu, sigmoid, function::tanh, function::exp, function::sqrt>;
using from_argument =
    list<gelu, gelu_tanh, silu, mish, hard_swish, softplus, function::log, square, function::abs, huber>;
using of_either = list<leaky_relu, elu>;  // as their parameter is
using gates = list<gelu, gelu_tanh, silu, mish, hard_swish, softplus>;
}  // namespace lists
using lists::from_argument;
using lists::from_result;

/// The slope that differentiation would take, against central differences.
template <function F>
void check_slope() {
    const std::int32_t bits[2] = {to_bits(0.75f), 0};
    const auto value = [&](double x) {
        return weft::reference_backend::apply<weft::graph::function_list<>>(F, bits, x);
    };
    rng r(31);
    for (double x : numbers<double>(r, 200, positive_only(F) ? 0.2 : -5, 5)) {
        if (std::abs(x) < 1e-3 || std::abs(std::abs(x) - 3) < 1e-3 || std::abs(std::abs(x) - 0.75) < 1e-3)
            continue;  // corners of relu, hard_swish, huber
        const double h = 1e-5, want = (value(x + h) - value(x - h)) / (2 * h);
        const double got =
            graph::elementwise::slope_from_result(F, 0.75f)
                ? weft::reference_backend::slope_from_y(F, bits, value(x))
                : weft::reference_backend::slope_from_x<weft::graph::function_list<>>(F, bits, x);
        CAPTURE(int(F), x);
        CHECK(got == Approx(want).epsilon(1e-6).margin(1e-8));
    }
}
template <function... F>
void check_slopes(list<F...>) {
    (check_slope<F>(), ...);
}

template <class Op, class T>
void check_product() {
    using activated = weft::chain<weft::graph::function_list<>, same,
                                  weft::step_type<step_kind::add, function::none, channel, 0, 0>,
                                  weft::step_type<step_kind::store, function::none, same, 0, 0>,
                                  weft::step_type<step_kind::apply, function::silu, same, 0, 0>,
                                  weft::step_type<step_kind::add, function::none, same, 0, 0>,
                                  weft::step_type<step_kind::slope_from_y, function::relu, same, 0, 0>>;
    rng r(41 + unsigned(number_of<Op>));
    for (int i = 0; i < 24; ++i) {
        problem<T> p;
        p.n = graph::make_node(Op{});
        p.batch = between(r, 1, 33);
        const bool backward = is<Op, graph::gemm_data> || is<Op, graph::conv2d_data>;
        std::size_t x, y, w;
        if (is<Op, graph::gemm> || is<Op, graph::gemm_data>) {
            const int rows = between(r, 0, 1) ? 1 : between(r, 2, 4), outs = between(r, 1, 40),
                      k = between(r, 1, 40);
            p.n.attributes[0] = rows, p.n.attributes[1] = outs, p.n.attributes[2] = k;
            p.n.view = {rows, backward ? k : outs, 1};
            x = std::size_t(rows * k), y = std::size_t(rows * outs), w = std::size_t(outs * k);
        } else {
            const weft::conv2d_geometry g{between(r, 1, 4),
                                          between(r, 3, 12),
                                          between(r, 3, 12),
                                          between(r, 1, 9),
                                          3,
                                          between(r, 1, 3),
                                          between(r, 1, 2),
                                          between(r, 1, 2),
                                          1,
                                          between(r, 0, 1),
                                          1,
                                          1,
                                          1};
            const int a[] = {g.channels, g.height,   g.width,    g.filters,   g.kernel_h,
                             g.kernel_w, g.stride_h, g.stride_w, g.padding_h, g.padding_w,
                             1,          1,          1};
            for (int k = 0; k < 13; ++k) p.n.attributes[k] = a[k];
            p.n.view = {1, backward ? g.channels : g.filters,
                        backward ? g.height * g.width : g.out_h() * g.out_w()};
            x = std::size_t(g.channels * g.height * g.width);
            y = std::size_t(g.filters * g.out_h() * g.out_w());
            w = std::size_t(g.filters * g.channels * g.kernel_h * g.kernel_w);
        }
        set_steps(p.n, activated{});
        fill_operands(p, r);
        p.in = {numbers<T>(r, std::size_t(p.batch) * (backward ? y : x)), numbers<T>(r, w)};
        p.out = {std::size_t(p.batch) * (backward ? x : y)};
        p.length = 100;
        CAPTURE(i, int(number_of<Op>), p.batch, p.n.view.outer, p.n.view.channels, p.n.view.inner, sizeof(T));
        check<Op, activated>(p);
    }
}

}  // namespace

TEST_CASE("conformance: every function") {
    check_all<float>(from_result{});
    check_all<float>(from_argument{});
    check_all<double>(from_result{});
    check_all<double>(from_argument{});
}
TEST_CASE("conformance: every slope from a result") {
    check_slopes_from_y<float>(from_result{});
    check_slopes_from_y<double>(from_result{});
}
TEST_CASE("conformance: every slope from an argument") {
    check_slopes_from_x<float>(from_argument{});
    check_slopes_from_x<double>(from_argument{});
    check_slopes_from_x<float>(lists::of_either{});
    check_slopes_from_x<double>(lists::of_either{});
}
TEST_CASE("conformance: the limits at plus and minus infinity") {
    check_gates<float>(lists::gates{});
    check_gates<double>(lists::gates{});
}
TEST_CASE("conformance: a user's own function") {
    using own = weft::graph::function_list<cube>;
    using value = weft::chain<own, same, weft::step_type<step_kind::apply, function::custom, same, 0, 0>>;
    using slope =
        weft::chain<own, same, weft::step_type<step_kind::slope_from_x, function::custom, same, 0, 0>>;
    check_function<float, value>(function::custom, step_kind::apply);
    check_function<double, slope>(function::custom, step_kind::slope_from_x);
}
TEST_CASE("conformance: slopes are what differences say") {
    check_slopes(from_result{});
    check_slopes(from_argument{});
}
TEST_CASE("conformance: steps behind products and convolutions") {
    check_product<graph::gemm, float>();
    check_product<graph::gemm_data, double>();
    check_product<graph::conv2d, float>();
    check_product<graph::conv2d_data, float>();
}
