// CUDA's kernels with numbers that are stored in 16 bits, beside the same with floats: every choice of what
// is narrow that can occur, with every operation that is no product.
#include "cuda/narrow.hpp"

namespace {

using namespace conformance;
using weft::bfloat16;
using weft::float16;

/// Every choice of bits of In and Out for bfloat16, and all of them for float16. A mask of 0 is no choice.
template <class Op, unsigned In, unsigned Out, class Make, unsigned... Choice>
void check_choices(const Make& make, int rounds, std::integer_sequence<unsigned, Choice...>) {
    (
        [&] {
            constexpr unsigned in = Choice % (In + 1), out = Choice / (In + 1) ? Out : 0;
            if constexpr ((in | out) != 0) check_widths<Op, bfloat16, in, out>(make, rounds);
        }(),
        ...);
    check_widths<Op, float16, In, Out>(make, rounds);
}
template <class Op, unsigned In, unsigned Out, class Make>
void check_all(const Make& make, int rounds = 12) {
    check_choices<Op, In, Out>(make, rounds,
                               std::make_integer_sequence<unsigned, (In + 1) * (Out != 0 ? 2 : 1)>{});
}

}  // namespace

TEST_CASE("cuda: narrow images in windows") {
    check_all<graph::max_pool2d, 1, 1>(pool<graph::max_pool2d, float>, 30);
    check_all<graph::max_pool2d_grad, 3, 1>(pool<graph::max_pool2d_grad, float>, 30);
    check_all<graph::avg_pool2d, 1, 1>(pool<graph::avg_pool2d, float>, 30);
    check_all<graph::avg_pool2d_grad, 1, 1>(pool<graph::avg_pool2d_grad, float>, 30);
    check_all<graph::upsample2d, 1, 1>(upsample<graph::upsample2d, float>);
    check_all<graph::upsample2d_grad, 1, 1>(upsample<graph::upsample2d_grad, float>);
}

TEST_CASE("cuda: a softmax of narrow numbers, and losses of them") {
    check_all<graph::softmax, 1, 1>(some_softmax<graph::softmax, float>, 24);
    check_all<graph::softmax_grad, 3, 1>(some_softmax<graph::softmax_grad, float>, 24);
    check_all<graph::log_softmax, 1, 1>(some_softmax<graph::log_softmax, float>, 24);
    check_all<graph::log_softmax_grad, 3, 1>(some_softmax<graph::log_softmax_grad, float>, 24);
    check_all<graph::pick_nll, 1, 0>(cross_entropy<graph::pick_nll, float>);
    check_all<graph::pick_nll_grad, 0, 1>(cross_entropy<graph::pick_nll_grad, float>);
    check_all<graph::softmax_xent, 1, 4>(cross_entropy<graph::softmax_xent, float>);
    check_widths<graph::softmax_xent_grad, bfloat16, 2, 1>(cross_entropy<graph::softmax_xent_grad, float>,
                                                           12);
    check_widths<graph::softmax_xent_grad, bfloat16, 2, 0>(cross_entropy<graph::softmax_xent_grad, float>,
                                                           12);
    check_widths<graph::softmax_xent_grad, bfloat16, 0, 1>(cross_entropy<graph::softmax_xent_grad, float>,
                                                           12);
    check_widths<graph::softmax_xent_grad, float16, 2, 1>(cross_entropy<graph::softmax_xent_grad, float>, 12);
}

TEST_CASE("cuda: narrow numbers are normalised") {
    check_all<graph::layer_norm, 1, 1>(some_layer_norm<graph::layer_norm, float>);
    check_all<graph::layer_norm_grad, 3, 1>(some_layer_norm<graph::layer_norm_grad, float>);
    check_all<graph::batch_norm_stats, 1, 0>(some_batch_norm<graph::batch_norm_stats, float>);
    check_all<graph::batch_norm_sums, 3, 0>(some_batch_norm<graph::batch_norm_sums, float>);
}

TEST_CASE("cuda: narrow numbers are summed and moved") {
    check_all<graph::reduce, 1, 1>(reduction<float>, 90);
    check_all<graph::slice, 1, 1>(slicing<float>, 24);
    check_widths<graph::concat, bfloat16, 255, 1>(concatenation<float>, 24);
    check_widths<graph::concat, float16, 255, 1>(concatenation<float>, 24);
    check_widths<graph::concat, bfloat16, 255, 0>(concatenation<float>, 24);
    check_widths<graph::concat, bfloat16, 0, 1>(concatenation<float>, 24);
    check_widths<graph::concat, bfloat16, 0b01, 1>(concatenation<float>, 24);
    check_widths<graph::concat, bfloat16, 0b10, 0>(concatenation<float>, 24);
    check_widths<graph::concat, float16, 0b01011010, 1>(concatenation<float>, 24);
}

namespace {

template <class Op, class Narrow, unsigned In, unsigned Out>
void check_long_rows() {
    for (int size : {256, 257, 1028, 2051, 8192, 8196, 20001})
        check_widths<Op, Narrow, In, Out>([&](rng& r) { return rows_of<Op, float>(2, size, r); }, 1);
}
template <class Narrow, unsigned In, unsigned Out>
void check_large_sums() {
    const weft::graph::blocking views[] = {{1, 1, 3000}, {1, 3, 1001}, {1, 6, 1}, {1, 16, 4}};
    for (int mode = 0; mode < 8; ++mode)
        for (weft::graph::blocking v : views)
            for (int batch : {1, 70, 2000})
                if (v.size() * batch <= 250000)
                    check_widths<graph::reduce, Narrow, In, Out>(
                        [&](rng& r) { return large_reduction<float>(operand_mode(mode), v, batch, r); }, 1);
}

}  // namespace

TEST_CASE("cuda: long rows of narrow numbers") {
    check_long_rows<graph::softmax, bfloat16, 1, 1>();
    check_long_rows<graph::softmax_grad, bfloat16, 3, 1>();
    check_long_rows<graph::log_softmax, float16, 1, 0>();
    check_long_rows<graph::layer_norm, bfloat16, 1, 1>();
    check_long_rows<graph::layer_norm, float16, 1, 1>();
    check_long_rows<graph::layer_norm_grad, bfloat16, 3, 1>();
    check_long_rows<graph::softmax_xent, bfloat16, 1, 4>();
    check_long_rows<graph::softmax_xent_grad, bfloat16, 2, 1>();
}

TEST_CASE("cuda: sums of many narrow numbers, in parts") {
    check_large_sums<bfloat16, 1, 0>();
    check_large_sums<float16, 1, 1>();
    for (const std::array<int, 3>& s :
         {std::array{3000, 6, 1}, {2000, 8, 1}, {700, 130, 1}, {64, 3, 900}, {64, 2, 901}, {1, 1, 60000}}) {
        const auto stats = [&](rng& r) {
            return large_batch_norm<graph::batch_norm_stats, float>(s[0], s[1], s[2], r);
        };
        const auto sums = [&](rng& r) {
            return large_batch_norm<graph::batch_norm_sums, float>(s[0], s[1], s[2], r);
        };
        check_widths<graph::batch_norm_stats, bfloat16, 1, 0>(stats, 1);
        check_widths<graph::batch_norm_sums, bfloat16, 3, 0>(sums, 1);
        check_widths<graph::batch_norm_sums, float16, 1, 0>(sums, 1);
    }
}

namespace {

/// Numbers that look random, and are the same every time.
constexpr unsigned mask(unsigned seed) {
    seed = (seed ^ 61) ^ (seed >> 16);
    seed *= 9;
    seed ^= seed >> 4;
    seed *= 0x27d4eb2d;
    return seed ^ seed >> 15;
}
template <class Op, class Narrow, unsigned In, unsigned Out, unsigned Operands>
void check_behind_with() {
    for (int width : {1, 2, 5, 8, 11, 16})
        check_widths<Op, Narrow, In, Out, varied, Operands>(
            [&](rng& r) {
                problem<float> p = behind<Op, float>(width, r);
                // channels side by side, and neither they nor inner elements
                if (between(r, 0, 1))
                    p.n.view = width % 2 ? weft::graph::blocking{1, 24 * width, 1}
                                         : weft::graph::blocking{width, 8, 3};
                return p;
            },
            3);
}
template <class Op>
void check_behind() {
    constexpr unsigned in = is<Op, graph::max_pool2d_grad> || is<Op, graph::concat> ||
                                    is<Op, graph::softmax_grad> || is<Op, graph::log_softmax_grad> ||
                                    is<Op, graph::layer_norm_grad>
                                ? 3
                                : 1;
    constexpr unsigned a = mask(2 * unsigned(number_of<Op>)), b = mask(2 * unsigned(number_of<Op>) + 1);
    check_behind_with<Op, float16, in, 1, 255>();
    check_behind_with<Op, bfloat16, (a & in), (a >> 2 & 1), (a >> 3 & 255)>();
    check_behind_with<Op, bfloat16, (b & in), (b >> 2 & 1), (b >> 3 & 255)>();
}

}  // namespace

TEST_CASE("cuda: narrow operands of steps behind every operation that takes them") {
    check_behind<graph::softmax>();
    check_behind<graph::softmax_grad>();
    check_behind<graph::log_softmax>();
    check_behind<graph::log_softmax_grad>();
    check_behind<graph::layer_norm_grad>();
    check_behind<graph::max_pool2d>();
    check_behind<graph::max_pool2d_grad>();
    check_behind<graph::avg_pool2d>();
    check_behind<graph::avg_pool2d_grad>();
    check_behind<graph::upsample2d>();
    check_behind<graph::upsample2d_grad>();
    check_behind<graph::concat>();
    check_behind<graph::slice>();
}
