// Every operation against the reference, with random sizes; steps are in steps_test.cpp.
#include "operations.hpp"

using namespace conformance;
using weft::to_bits;

TEST_CASE("conformance: every primitive in float") { check_every<float>(graph::primitives{}); }
TEST_CASE("conformance: every primitive in double") { check_every<double>(graph::primitives{}); }

TEST_CASE("conformance: sums over large batches stay accurate and keep their bits") {
    rng r(11);
    for (auto mode :
         {operand_mode::scalar, operand_mode::channel, operand_mode::inner, operand_mode::fixed}) {
        problem<float> p;
        p.batch = 700;
        p.n = make<graph::reduce>({2, 9, 31, int(mode), 1, 1}, 1);
        p.in = {numbers<float>(r, times(700, 2 * 9 * 31), 0, 2)};
        p.out = {std::size_t(weft::graph::operand_size(mode, {2, 9, 31}))};
        p.length = 1000;
        CAPTURE(int(mode));
        check<graph::reduce>(p);
    }
}

template <class T>
void check_means() {
    for (int n : {3, 7, 49, 1000}) {
        for (bool per_batch : {false, true}) {
            problem<T> p;
            p.batch = 3;
            p.n = make<graph::reduce>(
                {1, 1, n, int(per_batch ? operand_mode::scalar : operand_mode::sample_channel), n, per_batch},
                1);
            p.in = {std::vector<T>(std::size_t(3 * n), T(1))};
            p.out = {per_batch ? 1u : 3u};
            using plain = weft::chain<weft::graph::function_list<>, operand_mode::same>;
            const outcome<T> got = on_policy<graph::reduce, plain>(p, 1);
            CAPTURE(n, per_batch, sizeof(T));
            for (T mean : got.out[0]) CHECK(mean == T(1));
        }
    }
}
TEST_CASE("conformance: the mean of ones is one") {
    check_means<float>();
    check_means<double>();
}

TEST_CASE("conformance: the variance of a batch far from zero") {
    rng r(12);
    for (int inner : {1, 37}) {
        problem<float> p;
        p.batch = 300;
        p.n = make<graph::batch_norm_stats>({5, inner, to_bits(1e-5f), to_bits(1.f)}, 5 * inner);
        p.in = {numbers<float>(r, times(300, 5, inner), 1000, 1001),
                {},
                {},
                numbers<float>(r, 5),
                numbers<float>(r, 5)};
        p.out = {5, 5, 5, 5};
        const outcome<float> got =
            on_policy<graph::batch_norm_stats, weft::chain<weft::graph::function_list<>, operand_mode::same>>(
                p, 1);
        const outcome<double> want = on_reference<graph::batch_norm_stats>(p);
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
            p.n = make<graph::max_pool2d>({1, 2, width, 2, 2, 2, 2, 0, 0, 0, 1, width / 2}, width / 2);
            p.in = {std::vector<float>(std::size_t(2 * width), -inf)};
            p.in[0][std::size_t(place / 2 * width + place % 2)] = nan;
            p.out = {std::size_t(width / 2)};
            check<graph::max_pool2d>(p);
            CHECK(std::isnan(
                on_policy<graph::max_pool2d, weft::chain<weft::graph::function_list<>, operand_mode::same>>(p,
                                                                                                            1)
                    .out[0][0]));
            p.n.op = graph::opcode_of<graph::max_pool2d_grad>;
            p.n.view = {1, 1, 2 * width};
            p.in = {std::vector<float>(std::size_t(width / 2), 1.f), p.in[0]};
            p.out = {std::size_t(2 * width)};
            check<graph::max_pool2d_grad>(p);
        }
    }
}
