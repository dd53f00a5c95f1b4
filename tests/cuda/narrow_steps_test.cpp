// Chains of steps with numbers that are stored in 16 bits, beside the same with floats: every kind of step,
// and every way to read an operand and the source.
#include "cuda/narrow.hpp"

namespace {

using namespace conformance;
using weft::bfloat16;
using weft::float16;
using weft::graph::blocking;
using enum operand_mode;

template <operand_mode Source, class... Steps>
using from = weft::chain<weft::graph::function_list<>, Source, Steps...>;

constexpr bool needs_one_outer(operand_mode m) { return m == sample_channel || m == sample_inner; }
template <operand_mode Source, class... Steps>
constexpr bool one_outer(from<Source, Steps...>) {
    return (needs_one_outer(Source) || ... || needs_one_outer(Steps::mode));
}

template <class Narrow, unsigned In, unsigned Out, unsigned Operands, class Chain>
void check_steps(Chain chain, blocking view, int batch, rng& r) {
    problem<float> p;
    p.batch = batch;
    p.n.op = graph::opcode_of<graph::elementwise>;
    p.n.view = view;
    set_steps(p.n, chain);
    fill_operands(p, r, 0.5, 2);
    const std::size_t all = std::size_t(batch) * std::size_t(view.size());
    p.in = {numbers<float>(r, std::size_t(weft::graph::operand_size(Chain::source, view)) *
                                  std::size_t(weft::graph::is_per_sample(Chain::source) ? batch : 1))};
    p.out = {all};
    CAPTURE(view.outer, view.channels, view.inner);
    if (between(r, 0, 2) == 0) spoil(p, In, Operands, r);
    check_narrow<graph::elementwise, Chain, Narrow, In, Out, Operands>(p, r);
    if constexpr (Chain::source == same && In == Out)
        check_narrow<graph::elementwise, Chain, Narrow, In, Out, Operands>(p, r, true);
}
template <class Narrow, unsigned In, unsigned Out, unsigned Operands, class Chain>
void check_over_views(Chain chain) {
    const int outer = one_outer(chain) ? 1 : 3;
    rng r(In + 2 * Out + 4 * Operands);
    for (int i = 0; i < 6; ++i) {
        const int inner[] = {1, between(r, 2, 20), between(r, 16, 70) * 4};
        check_steps<Narrow, In, Out, Operands>(chain, {between(r, 1, outer), between(r, 1, 20), inner[i % 3]},
                                               between(r, 1, 9), r);
    }
    // every tail, as channels, as inner elements, and as a whole
    for (int n = 1; n <= 17; ++n) {
        check_steps<Narrow, In, Out, Operands>(chain, {1, n, 1}, 3, r);
        check_steps<Narrow, In, Out, Operands>(chain, {1, 3, n}, 2, r);
    }
}
/// A chain of which every operand is narrow or none, with all choices for the source and the result.
template <class Chain>
void check_chain(Chain chain) {
    constexpr unsigned operands = (1u << Chain::size) - 1;
    check_over_views<float16, 1, 1, operands>(chain);
    check_over_views<bfloat16, 1, 1, operands>(chain);
    check_over_views<bfloat16, 1, 0, operands>(chain);
    check_over_views<bfloat16, 0, 1, operands>(chain);
    if constexpr (operands != 0) {
        check_over_views<bfloat16, 0, 0, operands>(chain);
        check_over_views<bfloat16, 1, 1, 0>(chain);
    }
}

constexpr std::int32_t one_half = to_bits(0.5f), third = to_bits(0.3f);

}  // namespace

TEST_CASE("cuda: every way to read a narrow operand") {
    check_chain(from<same, step<step_kind::add, same>>{});
    check_chain(from<same, step<step_kind::add, channel>>{});
    check_chain(from<same, step<step_kind::add, sample_channel>>{});
    check_chain(from<same, step<step_kind::add, sample_inner>>{});
    check_chain(from<same, step<step_kind::add, inner>>{});
    check_chain(from<same, step<step_kind::add, fixed>>{});
    check_chain(from<same, step<step_kind::add, sample_scalar>>{});
    check_chain(from<same, step<step_kind::add, scalar>>{});
}

TEST_CASE("cuda: every way to read a narrow source") {
    check_chain(from<same>{});
    check_chain(from<channel>{});
    check_chain(from<sample_channel>{});
    check_chain(from<sample_inner>{});
    check_chain(from<inner>{});
    check_chain(from<fixed>{});
    check_chain(from<sample_scalar>{});
    check_chain(from<scalar>{});
}

TEST_CASE("cuda: every kind of step on narrow numbers") {
    check_chain(from<same, step<step_kind::subtract>, step<step_kind::subtract_from, channel>,
                     step<step_kind::multiply, inner>, step<step_kind::divide, fixed>>{});
    check_chain(from<same, step<step_kind::apply, same, function::gelu>,
                     step<step_kind::slope_from_x, same, function::silu>,
                     step<step_kind::slope_from_y, same, function::tanh>>{});
    check_chain(from<same, step<step_kind::scale, same, function::none, third>,
                     step<step_kind::offset, same, function::none, one_half>,
                     step<step_kind::per_batch, same, function::none, third>>{});
    check_chain(from<same, step<step_kind::fill, same, function::none, third>>{});
    check_chain(from<same, step<step_kind::dropout, same, function::none, third, 2>>{});
    check_chain(from<same, step<step_kind::store>, step<step_kind::add, channel>, step<step_kind::store>,
                     step<step_kind::multiply, sample_channel>>{});
}

TEST_CASE("cuda: a long chain whose operands are narrow or not") {
    using longest =
        from<channel, step<step_kind::multiply, sample_channel>, step<step_kind::store>,
             step<step_kind::add, inner>, step<step_kind::dropout, same, function::none, one_half, 7>,
             step<step_kind::subtract, fixed>, step<step_kind::apply, same, function::relu>,
             step<step_kind::divide, scalar>, step<step_kind::add, sample_inner>, step<step_kind::store>,
             step<step_kind::slope_from_y, same, function::leaky_relu, third>>;
    check_over_views<bfloat16, 1, 1, 0b0110010101>(longest{});
    check_over_views<bfloat16, 0, 1, 0b1001101010>(longest{});
    check_over_views<float16, 1, 0, 0b1100000011>(longest{});
    check_over_views<float16, 0, 0, 0b0101010110>(longest{});
    check_over_views<float16, 1, 1, 0b1111111111>(longest{});
}

TEST_CASE("cuda: a narrow fill without a source, and narrow values that the batch shares") {
    using filled = from<same, step<step_kind::fill, same, function::none, third>>;
    rng r(3);
    for (int n = 1; n <= 35; ++n) {
        problem<float> p;
        p.batch = 9;
        p.n.op = graph::opcode_of<graph::elementwise>;
        p.n.once = true;
        p.n.view = {1, 1, n};
        set_steps(p.n, filled{});
        p.operand.resize(1);
        p.in.resize(1);
        p.out = {std::size_t(n)};
        check_narrow<graph::elementwise, filled, bfloat16, 1, 1, 0>(p, r);
        check_narrow<graph::elementwise, filled, float16, 0, 1, 0>(p, r);
    }
}
