// Every kind of step and every way to read an operand, alone, in chains, and behind products.
#include "problem.hpp"

namespace {

using namespace conformance;
using weft::to_bits;
using weft::graph::blocking;
using enum operand_mode;

template <step_kind Kind, operand_mode Mode = same, function Fn = function::none, std::int32_t Bits0 = 0,
          std::int32_t Bits1 = 0>
using step = weft::step_type<Kind, Fn, Mode, Bits0, Bits1>;
template <operand_mode Source, class... Steps>
using chain = weft::chain<weft::graph::function_list<>, Source, Steps...>;

/// Views with one inner element, few, and many; several rows of channels only where all modes take them.
blocking some_view(rng& r, bool outer) {
    const int inner[] = {1, 1, between(r, 2, 20), between(r, 50, 90), between(r, 64, 300)};
    blocking v{outer ? between(r, 1, 3) : 1, between(r, 1, between(r, 0, 3) ? 20 : 300),
               inner[between(r, 0, 4)]};
    if (v.size() > 4000) v.channels = between(r, 1, 9);
    return v;
}
constexpr bool needs_one_outer(operand_mode m) { return m == sample_channel || m == sample_inner; }

template <class T, operand_mode Source, class... Steps>
void check_chain(blocking view, int batch, rng& r, chain<Source, Steps...> steps) {
    problem<T> p;
    p.batch = batch;
    p.n.op = graph::opcode_of<graph::elementwise>;
    p.n.view = view;
    set_steps(p.n, steps);
    fill_operands(p, r, 0.5, 2);
    p.in = {numbers<T>(r, std::size_t(weft::graph::operand_size(Source, view)) *
                              std::size_t(weft::graph::is_per_sample(Source) ? batch : 1))};
    p.out = {std::size_t(batch) * std::size_t(view.size())};
    p.length = 4;
    CAPTURE(view.outer, view.channels, view.inner, batch, sizeof(T));
    using tested = chain<Source, Steps...>;
    check<graph::elementwise, tested>(p);
    if (Source == same) {
        outcome<T> apart = on_policy<graph::elementwise, tested>(p, 1),
                   over = on_policy<graph::elementwise, tested>(p, 1, true);
        CHECK(over == apart);
    }
}

template <class T, operand_mode Source, class... Steps>
void over_views(chain<Source, Steps...> steps) {
    constexpr bool one_outer = (needs_one_outer(Source) || ... || needs_one_outer(Steps::mode));
    rng r(17);
    for (int i = 0; i < 16; ++i) check_chain<T>(some_view(r, !one_outer), between(r, 1, 33), r, steps);
    // every tail, as channels, as inner elements, and as a whole
    for (int n = 1; n <= 67; ++n) {
        check_chain<T>({1, n, 1}, 3, r, steps);
        check_chain<T>({1, 3, n}, 2, r, steps);
    }
}

template <class T>
void all_modes() {
    over_views<T>(chain<same, step<step_kind::add, same>>{});
    over_views<T>(chain<same, step<step_kind::add, channel>>{});
    over_views<T>(chain<same, step<step_kind::add, sample_channel>>{});
    over_views<T>(chain<same, step<step_kind::add, sample_inner>>{});
    over_views<T>(chain<same, step<step_kind::add, inner>>{});
    over_views<T>(chain<same, step<step_kind::add, fixed>>{});
    over_views<T>(chain<same, step<step_kind::add, sample_scalar>>{});
    over_views<T>(chain<same, step<step_kind::add, scalar>>{});
}
template <class T>
void all_sources() {
    over_views<T>(chain<same>{});
    over_views<T>(chain<channel>{});
    over_views<T>(chain<sample_channel>{});
    over_views<T>(chain<sample_inner>{});
    over_views<T>(chain<inner>{});
    over_views<T>(chain<fixed>{});
    over_views<T>(chain<sample_scalar>{});
    over_views<T>(chain<scalar>{});
}
constexpr std::int32_t half = to_bits(0.5f), third = to_bits(0.3f);
template <class T>
void all_kinds() {
    over_views<T>(chain<same, step<step_kind::subtract, channel>>{});
    over_views<T>(chain<same, step<step_kind::subtract_from, channel>>{});
    over_views<T>(chain<same, step<step_kind::multiply, channel>>{});
    over_views<T>(chain<same, step<step_kind::divide, channel>>{});
    over_views<T>(chain<same, step<step_kind::subtract>, step<step_kind::subtract_from>,
                        step<step_kind::multiply>, step<step_kind::divide>>{});
    over_views<T>(chain<same, step<step_kind::scale, same, function::none, third>,
                        step<step_kind::offset, same, function::none, half>,
                        step<step_kind::scale, same, function::none, third, 7>,
                        step<step_kind::per_batch, same, function::none, third>,
                        step<step_kind::per_batch, same, function::none, third, -3>>{});
    over_views<T>(chain<same, step<step_kind::fill, same, function::none, third>>{});
    over_views<T>(chain<same, step<step_kind::dropout, same, function::none, third, 2>>{});
    over_views<T>(chain<same, step<step_kind::store>, step<step_kind::add, channel>, step<step_kind::store>,
                        step<step_kind::multiply, sample_channel>>{});
}
template <class T>
void longest_chain() {
    over_views<T>(
        chain<channel, step<step_kind::multiply, sample_channel>, step<step_kind::store>,
              step<step_kind::add, inner>, step<step_kind::dropout, same, function::none, half, 7>,
              step<step_kind::subtract, fixed>, step<step_kind::apply, same, function::relu>,
              step<step_kind::divide, scalar>, step<step_kind::add, sample_inner>, step<step_kind::store>,
              step<step_kind::slope_from_y, same, function::leaky_relu, third>>{});
}

}  // namespace

TEST_CASE("conformance: every way to read an operand") {
    all_modes<float>();
    all_modes<double>();
}
TEST_CASE("conformance: every way to read the source") {
    all_sources<float>();
    all_sources<double>();
}
TEST_CASE("conformance: every kind of step") {
    all_kinds<float>();
    all_kinds<double>();
}
TEST_CASE("conformance: the longest chain") {
    longest_chain<float>();
    longest_chain<double>();
}

TEST_CASE("conformance: a fill without a source, and values that the batch shares") {
    using filled = chain<same, step<step_kind::fill, same, function::none, third>>;
    for (int n = 1; n <= 67; ++n) {
        problem<float> p;
        p.batch = 9;
        p.n.op = graph::opcode_of<graph::elementwise>;
        p.n.once = true;
        p.n.view = {1, 1, n};
        set_steps(p.n, filled{});
        p.operand.resize(1);
        p.in.resize(1);
        p.out = {std::size_t(n)};
        check<graph::elementwise, filled>(p);
    }
}

TEST_CASE("conformance: dropout drops what the reference drops") {
    using dropped = chain<same, step<step_kind::dropout, same, function::none, third, 4>>;
    problem<float> p;
    p.batch = 37;
    p.n.op = graph::opcode_of<graph::elementwise>;
    p.n.view = {1, 1, 1013};
    set_steps(p.n, dropped{});
    p.operand.resize(1);
    p.in = {std::vector<float>(37 * 1013, 1.f)};
    p.out = {37 * 1013};
    weft::arguments<float> a;
    outcome<float> want = prepare<float>(p, a);
    weft::reference_backend::run<graph::elementwise, graph::function_list<>>(p.n, a);
    CHECK(on_policy<graph::elementwise, dropped>(p, 3) == want);
    std::size_t zeros = 0;
    for (float x : want.out[0]) zeros += x == 0;
    CHECK(double(zeros) / (37 * 1013) == Approx(0.3).margin(0.01));
}
