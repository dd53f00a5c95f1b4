// Every operation against the reference, with random sizes; steps are in steps_test.cpp.
#include "operations.hpp"

namespace {

using namespace conformance;
using weft::to_bits;

constexpr int rounds = 12;

template <opcode Op, class T, class Make>
void repeat(Make make, unsigned first_seed = 1) {
    for (unsigned s = first_seed; s < first_seed + rounds; ++s) {
        rng r(s * 7919 + unsigned(Op));
        const problem<T> p = make(r);
        CAPTURE(s, int(Op), p.batch, sizeof(T));
        check<Op>(p);
    }
}

template <class T>
void all_products() {
    using enum opcode;
    repeat<opcode::gemm, T>(product<opcode::gemm, T>);
    repeat<gemm_data, T>(product<gemm_data, T>);
    repeat<gemm_weights, T>(product<gemm_weights, T>);
    repeat<conv2d, T>(convolution<conv2d, T>);
    repeat<conv2d_data, T>(convolution<conv2d_data, T>);
    repeat<conv2d_weights, T>(convolution<conv2d_weights, T>);
}
template <class T>
void all_windows() {
    using enum opcode;
    for (unsigned more = 1; more < 60; more += rounds) {
        repeat<max_pool2d, T>(pool<max_pool2d, T>, more);
        repeat<max_pool2d_grad, T>(pool<max_pool2d_grad, T>, more);
        repeat<avg_pool2d, T>(pool<avg_pool2d, T>, more);
        repeat<avg_pool2d_grad, T>(pool<avg_pool2d_grad, T>, more);
    }
    repeat<upsample2d, T>(upsample<upsample2d, T>);
    repeat<upsample2d_grad, T>(upsample<upsample2d_grad, T>);
}
template <class T>
void all_softmax() {
    using enum opcode;
    repeat<opcode::softmax, T>(some_softmax<opcode::softmax, T>);
    repeat<softmax_grad, T>(some_softmax<softmax_grad, T>);
    repeat<log_softmax, T>(some_softmax<log_softmax, T>);
    repeat<log_softmax_grad, T>(some_softmax<log_softmax_grad, T>);
    repeat<pick_nll, T>(cross_entropy<pick_nll, T>);
    repeat<pick_nll_grad, T>(cross_entropy<pick_nll_grad, T>);
    repeat<softmax_xent, T>(cross_entropy<softmax_xent, T>);
    repeat<softmax_xent_grad, T>(cross_entropy<softmax_xent_grad, T>);
}
template <class T>
void all_normalisations() {
    using enum opcode;
    repeat<opcode::layer_norm, T>(some_layer_norm<opcode::layer_norm, T>);
    repeat<layer_norm_grad, T>(some_layer_norm<layer_norm_grad, T>);
    repeat<batch_norm_stats, T>(some_batch_norm<batch_norm_stats, T>);
    repeat<batch_norm_coeffs, T>(some_batch_norm<batch_norm_coeffs, T>);
    repeat<batch_norm_sums, T>(some_batch_norm<batch_norm_sums, T>);
}
template <class T>
void all_movement() {
    for (unsigned more = 1; more < 60; more += rounds) repeat<opcode::reduce, T>(reduction<T>, more);
    repeat<opcode::concat, T>(concatenation<T>);
    repeat<opcode::slice, T>(slicing<T>);
}

}  // namespace

TEST_CASE("conformance: products and convolutions") {
    all_products<float>();
    all_products<double>();
}
TEST_CASE("conformance: pooling and upsampling") {
    all_windows<float>();
    all_windows<double>();
}
TEST_CASE("conformance: softmax and cross-entropy") {
    all_softmax<float>();
    all_softmax<double>();
}
TEST_CASE("conformance: normalisation") {
    all_normalisations<float>();
    all_normalisations<double>();
}
TEST_CASE("conformance: sums, concatenation, slices") {
    all_movement<float>();
    all_movement<double>();
}

TEST_CASE("conformance: sums over large batches stay accurate and keep their bits") {
    rng r(11);
    for (auto mode :
         {operand_mode::scalar, operand_mode::channel, operand_mode::inner, operand_mode::fixed}) {
        problem<float> p;
        p.batch = 700;
        p.n = make(opcode::reduce, {2, 9, 31, int(mode), to_bits(1.f), 1}, 1);
        p.in = {numbers<float>(r, times(700, 2 * 9 * 31), 0, 2)};
        p.out = {std::size_t(weft::graph::operand_size(mode, {2, 9, 31}))};
        p.length = 1000;
        CAPTURE(int(mode));
        check<opcode::reduce>(p);
    }
}

TEST_CASE("conformance: the variance of a batch far from zero") {
    rng r(12);
    for (int inner : {1, 37}) {
        problem<float> p;
        p.batch = 300;
        p.n = make(opcode::batch_norm_stats, {5, inner, to_bits(1e-5f), to_bits(1.f)}, 5 * inner);
        p.in = {numbers<float>(r, times(300, 5, inner), 1000, 1001),
                {},
                {},
                numbers<float>(r, 5),
                numbers<float>(r, 5)};
        p.out = {5, 5, 5, 5};
        const outcome<float> got =
            on_policy<opcode::batch_norm_stats,
                      weft::chain<weft::graph::function_list<>, operand_mode::same>>(p, 1);
        const outcome<double> want = on_reference<weft::graph::function_list<>>(p);
        for (std::size_t c = 0; c < 5; ++c) {
            CHECK(double(got.out[3][c]) == Approx(want.out[3][c]).epsilon(1e-5));
            CHECK(double(got.out[2][c]) == Approx(want.out[2][c]).epsilon(1e-6));
            CHECK(double(got.in[4][c]) == Approx(want.in[4][c]).epsilon(1e-4));
        }
    }
}

TEST_CASE("conformance: the maximum of a window with NaN is NaN, of infinities is infinite") {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    for (int width : {2, 8, 18, 33}) {
        for (int place = 0; place < 4; ++place) {
            problem<float> p;
            p.batch = 1;
            p.n = make(opcode::max_pool2d, {1, 2, width, 2, 2, 2, 2, 0, 0, 0, 1, width / 2}, width / 2);
            p.in = {std::vector<float>(std::size_t(2 * width), -inf)};
            p.in[0][std::size_t(place / 2 * width + place % 2)] = nan;
            p.out = {std::size_t(width / 2)};
            check<opcode::max_pool2d>(p);
            CHECK(std::isnan(
                on_policy<opcode::max_pool2d, weft::chain<weft::graph::function_list<>, operand_mode::same>>(
                    p, 1)
                    .out[0][0]));
            p.n.op = opcode::max_pool2d_grad;
            p.n.view = {1, 1, 2 * width};
            p.in = {std::vector<float>(std::size_t(width / 2), 1.f), p.in[0]};
            p.out = {std::size_t(2 * width)};
            check<opcode::max_pool2d_grad>(p);
        }
    }
}
