// Every operation against the reference, with random sizes; steps are in steps_test.cpp.
#include "problem.hpp"

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

std::size_t times(int a, int b, int c = 1, int d = 1) {
    return std::size_t(a) * std::size_t(b) * std::size_t(c) * std::size_t(d);
}

node make(opcode op, std::initializer_list<int> attributes, int sample_size) {
    node n;
    n.op = op;
    int i = 0;
    for (int a : attributes) n.attribute[i++] = a;
    n.view = {1, 1, sample_size};
    return n;
}

// ---- products -------------------------------------------------------------------------------------------
template <opcode Op, class T>
problem<T> product(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int rows = between(r, 0, 1) ? 1 : between(r, 2, 5), outs = between(r, 1, 40), k = between(r, 1, 70);
    const std::size_t x = times(p.batch, rows, k), y = times(p.batch, rows, outs), w = times(outs, k);
    p.n = make(Op, {rows, outs, k}, rows * (Op == opcode::gemm ? outs : k));
    if (Op == opcode::gemm) {
        p.in = {numbers<T>(r, x), numbers<T>(r, w)};
        p.out = {y};
        p.length = k;
    } else if (Op == opcode::gemm_data) {
        p.in = {numbers<T>(r, y), numbers<T>(r, w)};
        p.out = {x};
        p.length = outs;
    } else {
        p.in = {numbers<T>(r, x), numbers<T>(r, y)};
        p.out = {w, between(r, 0, 1) ? std::size_t(outs) : 0};
        p.length = p.batch * rows;
    }
    return p;
}

template <opcode Op, class T>
problem<T> convolution(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, between(r, 0, 3) ? 5 : 33);
    const int groups = between(r, 0, 1) ? 1 : between(r, 2, 4);
    const int channels = groups * between(r, 1, 4), filters = groups * between(r, 1, 5);
    const int kh = between(r, 1, 4), kw = between(r, 1, 5), dh = between(r, 1, 2), dw = between(r, 1, 3);
    const int height = dh * (kh - 1) + between(r, 1, 11), width = dw * (kw - 1) + between(r, 1, 13);
    const weft::conv2d_geometry g{
        channels,         height,           width, filters, kh,    kw, between(r, 1, 3), between(r, 1, 3),
        between(r, 0, 2), between(r, 0, 2), dh,    dw,      groups};
    const int plane = g.out_h() * g.out_w();
    p.n = make(Op,
               {channels, height, width, filters, kh, kw, g.stride_h, g.stride_w, g.padding_h, g.padding_w,
                dh, dw, groups},
               Op == opcode::conv2d ? filters * plane : channels * height * width);
    const std::size_t x = times(p.batch, channels, height, width), y = times(p.batch, filters, plane),
                      w = times(filters, channels / groups, kh, kw);
    if (Op == opcode::conv2d) {
        p.in = {numbers<T>(r, x), numbers<T>(r, w)};
        p.out = {y};
        p.length = channels / groups * kh * kw;
    } else if (Op == opcode::conv2d_data) {
        p.in = {numbers<T>(r, y), numbers<T>(r, w)};
        p.out = {x};
        p.length = filters / groups * kh * kw;
    } else {
        p.in = {numbers<T>(r, x), numbers<T>(r, y)};
        p.out = {w, between(r, 0, 1) ? std::size_t(filters) : 0};
        p.length = p.batch * plane;
    }
    return p;
}

// ---- windows --------------------------------------------------------------------------------------------
template <opcode Op, class T>
problem<T> pool(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int channels = between(r, 1, 5);
    const bool plain = between(r, 0, 2) == 0;  // 2x2 by 2
    const int kh = plain ? 2 : between(r, 1, 4), kw = plain ? 2 : between(r, 1, 5);
    const int sh = plain ? 2 : between(r, 1, 4), sw = plain ? 2 : between(r, 1, 3);
    const int ph = plain ? 0 : between(r, 0, kh / 2), pw = plain ? 0 : between(r, 0, kw / 2);
    const int height = kh + between(r, 0, 17), width = kw + between(r, 0, 50);
    // As PyTorch's ceil_mode: one window more, if it starts inside.
    const int oh = (height + 2 * ph - kh) / sh + 1, ow = (width + 2 * pw - kw) / sw + 1;
    const int more_h = oh * sh < height + ph ? between(r, 0, 1) : 0;
    const int more_w = ow * sw < width + pw ? between(r, 0, 1) : 0;
    const bool backward = Op == opcode::max_pool2d_grad || Op == opcode::avg_pool2d_grad;
    const int plane = (oh + more_h) * (ow + more_w);
    p.n = make(Op,
               {channels, height, width, kh, kw, sh, sw, ph, pw, between(r, 0, 1), oh + more_h, ow + more_w},
               backward ? channels * height * width : channels * plane);
    const std::size_t x = times(p.batch, channels, height, width), y = times(p.batch, channels, plane);
    p.in = {numbers<T>(r, backward ? y : x)};
    p.out = {backward ? x : y};
    if (Op == opcode::max_pool2d_grad) {
        p.in.push_back(numbers<T>(r, x));
        for (T& v : p.in[1]) v = std::round(v * T(4));  // many equal numbers: the first is taken
    }
    p.length = kh * kw;
    return p;
}
template <opcode Op, class T>
problem<T> upsample(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 20);
    const int channels = between(r, 1, 4), height = between(r, 1, 9), width = between(r, 1, 19),
              by_h = between(r, 1, 3), by_w = between(r, 1, 3);
    const std::size_t x = times(p.batch, channels, height, width), y = x * times(by_h, by_w);
    const bool backward = Op == opcode::upsample2d_grad;
    p.n = make(Op, {channels, height, width, by_h, by_w}, int((backward ? x : y) / std::size_t(p.batch)));
    p.in = {numbers<T>(r, backward ? y : x)};
    p.out = {backward ? x : y};
    return p;
}

// ---- softmax and losses ---------------------------------------------------------------------------------
template <opcode Op, class T>
problem<T> some_softmax(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int outer = between(r, 1, 3), count = between(r, 1, 70),
              inner = between(r, 0, 1) ? 1 : between(r, 2, 40);
    const std::size_t size = times(p.batch, outer, count, inner);
    p.n = make(Op, {outer, count, inner}, outer * count * inner);
    p.in = {numbers<T>(r, size, -9, 9)};
    if (Op == opcode::softmax_grad || Op == opcode::log_softmax_grad)
        p.in = {numbers<T>(r, size),
                Op == opcode::softmax_grad ? numbers<T>(r, size, 0, 0.2) : numbers<T>(r, size, -6, -1)};
    p.out = {size};
    p.length = Op == opcode::log_softmax_grad ? 9 * count : count;
    return p;
}
template <opcode Op, class T>
problem<T> cross_entropy(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int classes = between(r, 2, 70);
    const bool soft = between(r, 0, 1), weighted = between(r, 0, 1);
    const float smoothing = between(r, 0, 1) ? 0.1f : 0.f;
    const std::size_t size = times(p.batch, classes), samples = std::size_t(p.batch);
    p.n = make(Op, {classes, soft ? classes : 1, to_bits(smoothing), weighted}, 1);
    std::vector<T> target = numbers<T>(r, soft ? size : samples, 0, 1), weights;
    if (!soft)
        for (T& t : target) t = T(int(t * T(classes)) % classes);
    if (weighted) weights = numbers<T>(r, std::size_t(classes), 0.5, 2);
    const bool logits = Op == opcode::softmax_xent, stored = !logits || between(r, 0, 1);
    if (Op == opcode::pick_nll || logits) {
        p.in = {logits ? numbers<T>(r, size, -9, 9) : numbers<T>(r, size, -6, -0.1), target, weights};
        p.out = {samples, stored ? samples : 0};
        if (logits) p.out.push_back(stored ? size : 0);
    } else if (Op == opcode::pick_nll_grad) {
        p.in = {numbers<T>(r, samples), target, weights};
        p.out = {size};
    } else {
        p.in = {numbers<T>(r, samples), numbers<T>(r, size, 0, 1), target, weights};
        p.out = {size};
    }
    p.length = 16 * classes;
    return p;
}

// ---- normalisation --------------------------------------------------------------------------------------
template <opcode Op, class T>
problem<T> some_layer_norm(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int rows = between(r, 1, 4), size = between(r, 2, 150);
    const std::size_t all = times(p.batch, rows, size), scales = times(p.batch, rows);
    p.n = make(Op, {rows, size, to_bits(1e-5f)}, rows * size);
    if (Op == opcode::layer_norm) {
        p.in = {numbers<T>(r, all, 1, 4)};
        p.out = {all, between(r, 0, 1) ? scales : 0};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, scales, 0.5, 2)};
        p.out = {all};
    }
    p.length = 64 + size;
    return p;
}
template <opcode Op, class T>
problem<T> some_batch_norm(rng& r) {
    problem<T> p;
    const int channels = between(r, 1, 70), inner = between(r, 0, 1) ? 1 : between(r, 2, 60);
    p.batch = between(r, inner == 1 ? 4 : 1, 33);
    const std::size_t all = times(p.batch, channels, inner), c = std::size_t(channels);
    p.n = make(Op, {channels, inner, to_bits(1e-5f), to_bits(0.1f)}, channels * inner);
    const bool affine = between(r, 0, 3) != 0;
    const std::vector<T> gamma = numbers<T>(r, affine ? c : 0, 0.5, 2), beta = numbers<T>(r, affine ? c : 0);
    const std::vector<T> mean = numbers<T>(r, c, -1, 1), variance = numbers<T>(r, c, 0.5, 2);
    if (Op == opcode::batch_norm_coeffs) {
        p.in = {gamma, beta, mean, variance};
        p.out = {c, c};
    } else if (Op == opcode::batch_norm_stats) {
        p.in = {numbers<T>(r, all, 1, 4), gamma, beta, mean, variance};
        p.out = {c, c, between(r, 0, 3) ? c : 0, between(r, 0, 3) ? c : 0};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all, -2, 2), gamma, mean, variance};
        p.out = {between(r, 0, 3) ? c : 0, between(r, 0, 3) ? c : 0, c, c, c};
    }
    p.length = 64 + 16.0 * p.batch * inner;
    return p;
}

// ---- movement and sums ----------------------------------------------------------------------------------
template <class T>
problem<T> reduction(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const auto mode = operand_mode(between(r, 0, 7));
    weft::graph::blocking v{between(r, 1, 3), between(r, 1, 40), between(r, 0, 2) ? between(r, 1, 90) : 1};
    if (mode == operand_mode::sample_channel || mode == operand_mode::sample_inner) v.outer = 1;
    const bool per_batch = between(r, 0, 1);
    p.n = make(opcode::reduce,
               {v.outer, v.channels, v.inner, int(mode), to_bits(between(r, 0, 1) ? 1.f : -0.75f), per_batch},
               1);
    p.in = {numbers<T>(r, times(p.batch, v.size()))};
    p.out = {std::size_t(weft::graph::operand_size(mode, v)) *
             std::size_t(weft::graph::is_per_sample(mode) ? p.batch : 1)};
    p.length = 4.0 * p.batch * v.size() / double(p.out[0]);
    return p;
}
template <class T>
problem<T> concatenation(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int parts = between(r, 1, weft::graph::max_inputs);
    p.n.op = opcode::concat;
    int total = 0;
    for (int i = 0; i < parts; ++i) {
        const int size = between(r, 1, 60);
        p.n.attribute[i] = size;
        p.in.push_back(numbers<T>(r, times(p.batch, size)));
        total += size;
    }
    p.n.attribute[weft::graph::max_inputs] = parts;
    p.n.view = {1, 1, total};
    p.out = {times(p.batch, total)};
    return p;
}
template <class T>
problem<T> slicing(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int size = between(r, 1, 60), offset = between(r, 0, 30), total = offset + size + between(r, 0, 9);
    p.n = make(opcode::slice, {total, offset, size}, size);
    p.in = {numbers<T>(r, times(p.batch, total))};
    p.out = {times(p.batch, size)};
    return p;
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
