// CUDA's kernels on the twin where the conformance suite does not reach: rows that no block's registers hold,
// sums that are split, chains behind every operation that takes one, and the optimiser's kernels.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <weft/backend/cuda/guarded_update.hpp>
#include <weft/train/optimizers/adam.hpp>
#include <weft/train/optimizers/sgd.hpp>

#include "cuda/problems.hpp"

namespace {

using namespace conformance;
using weft::cuda_backend::host_twin;

template <class Op, class T>
void check_rows(int batch, int size, rng& r) {
    CAPTURE(int(number_of<Op>), batch, size, sizeof(T));
    check<Op>(rows_of<Op, T>(batch, size, r));
}
template <class T>
void check_long_rows() {
    rng r(3);
    // the ends of what a warp and a block hold, on both sides, in packs and alone
    for (int size : {255, 256, 257, 1024, 1028, 2047, 2051, 8192, 8196, 12000, 20001}) {
        check_rows<graph::softmax, T>(3, size, r);
        check_rows<graph::log_softmax, T>(3, size, r);
        check_rows<graph::softmax_grad, T>(3, size, r);
        check_rows<graph::layer_norm, T>(3, size, r);
        check_rows<graph::layer_norm_grad, T>(3, size, r);
        check_rows<graph::softmax_xent, T>(3, size, r);
        check_rows<graph::softmax_xent_grad, T>(3, size, r);
    }
}

template <class T>
void check_split_sums() {
    rng r(5);
    const weft::graph::blocking views[] = {{1, 1, 3000}, {1, 3, 2000}, {1, 3, 1001},
                                           {1, 6, 1},    {2, 5, 7},    {1, 16, 4}};
    for (int m = 0; m < 8; ++m)
        for (weft::graph::blocking v : views)
            for (int batch : {1, 70, 2000}) {
                if (v.size() * batch > 600000) continue;
                CAPTURE(m, v.outer, v.channels, v.inner, batch);
                check<graph::reduce>(large_reduction<T>(operand_mode(m), v, batch, r));
            }
}

template <class Op, class T>
void check_batch_norm(int batch, int channels, int inner, rng& r) {
    CAPTURE(int(number_of<Op>), batch, channels, inner);
    check<Op>(large_batch_norm<Op, T>(batch, channels, inner, r));
}

template <class Op, class T>
void check_behind() {
    rng r(7);
    for (int width : {1, 2, 5, 8, 11, 16}) {
        problem<T> p = behind<Op, T>(width, r);
        set_steps(p.n, varied{});
        fill_operands(p, r);
        CAPTURE(int(number_of<Op>), width, sizeof(T));
        check<Op, varied>(p);
        // The other two layouts: channels side by side, and neither.
        p = behind<Op, T>(width, r);
        p.n.view = width % 2 ? weft::graph::blocking{1, 24 * width, 1} : weft::graph::blocking{width, 8, 3};
        set_steps(p.n, varied{});
        fill_operands(p, r);
        check<Op, varied>(p);
    }
}
template <class T>
void check_all_behind() {
    check_behind<graph::softmax, T>();
    check_behind<graph::softmax_grad, T>();
    check_behind<graph::log_softmax, T>();
    check_behind<graph::log_softmax_grad, T>();
    check_behind<graph::layer_norm_grad, T>();
    check_behind<graph::max_pool2d, T>();
    check_behind<graph::max_pool2d_grad, T>();
    check_behind<graph::avg_pool2d, T>();
    check_behind<graph::avg_pool2d_grad, T>();
    check_behind<graph::upsample2d, T>();
    check_behind<graph::upsample2d_grad, T>();
    check_behind<graph::concat, T>();
    check_behind<graph::slice, T>();
}

}  // namespace

TEST_CASE("cuda: rows of any length") {
    check_long_rows<float>();
    check_long_rows<double>();
}

TEST_CASE("cuda: a softmax takes infinities and NaN as the reference does") {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    for (int size : {5, 8, 300})
        for (int inner : {1, 3}) {
            problem<float> p;
            p.batch = 4;
            p.n = make<graph::softmax>({1, size, inner}, size * inner);
            const std::size_t sample = times(size, inner);
            p.in = {std::vector<float>(4 * sample, 1.f)};
            for (std::size_t i = 0; i < sample; ++i) p.in[0][sample + i] = -inf;  // nothing is allowed
            for (std::size_t i = 0; i < sample / 2; ++i) p.in[0][i] = -inf;
            p.in[0][2 * sample] = nan;
            p.in[0][3 * sample + 1] = -1e30f;
            p.out = {4 * sample};
            p.length = size;
            CAPTURE(size, inner);
            check<graph::softmax>(p);
            CHECK(on_policy<graph::softmax, chain<>>(p, 1).out[0][0] == 0);
            CHECK(std::isnan(on_policy<graph::softmax, chain<>>(p, 1).out[0][sample]));
        }
}

TEST_CASE("cuda: sums that are split") {
    check_split_sums<float>();
    check_split_sums<double>();
    rng r(6);
    for (auto [batch, channels, inner] :
         {std::array{3000, 6, 1}, {2000, 8, 1}, {700, 130, 1}, {64, 3, 900}, {64, 2, 901}, {1, 1, 60000}}) {
        check_batch_norm<graph::batch_norm_stats, float>(batch, channels, inner, r);
        check_batch_norm<graph::batch_norm_sums, float>(batch, channels, inner, r);
        check_batch_norm<graph::batch_norm_stats, double>(batch, channels, inner, r);
    }
}

TEST_CASE("cuda: scratch for a capacity is enough for every batch") {
    using namespace weft::cuda_backend;
    for (int mode = 0; mode < 8; ++mode)
        for (weft::graph::blocking v :
             {weft::graph::blocking{1, 3, 2000}, {1, 9000, 3}, {1, 70, 1}, {1, 1, 9}}) {
            const node n = make<graph::reduce>({v.outer, v.channels, v.inner, mode, 1, 0}, 1);
            const auto enough = std::int64_t(kernel<graph::reduce>::scratch<float>(n, 5000));
            for (int batch = 1; batch <= 5000; ++batch) {
                const reduction_sizes s(n.as<graph::reduce>(), batch);
                const std::int64_t splits = s.runs      ? s.run.splits()
                                            : s.columns ? s.column.splits()
                                                        : 1,
                                   results = s.runs ? s.run.results : s.column.results();
                if (splits > 1 && splits * results > enough) FAIL("mode " << mode << ", batch " << batch);
            }
        }
}

TEST_CASE("cuda: steps behind every operation that takes them") {
    check_all_behind<float>();
    check_all_behind<double>();
}

TEST_CASE("cuda: a loss may be followed by steps too") {
    using halved = chain<step<step_kind::scale, operand_mode::same, function::none, to_bits(0.5)>,
                         step<step_kind::multiply, operand_mode::same>>;
    rng r(8);
    problem<float> p;
    p.batch = 7;
    p.n = make<graph::softmax_xent>({12, 1, 0, 0}, 1);
    p.in = {numbers<float>(r, 84), {0, 1, 2, 3, 4, 5, 11}, {}};
    p.out = {7, 0, 84};
    p.length = 100;
    set_steps(p.n, halved{});
    fill_operands(p, r);
    check<graph::softmax_xent, halved>(p);
    p.n.op = graph::opcode_of<graph::pick_nll>;
    p.out = {7, 7};
    check<graph::pick_nll, halved>(p);
}

TEST_CASE("cuda: division by multiplication, and of large numbers") {
    using weft::cuda_backend::divided;
    for (std::int64_t by : {1, 2, 3, 7, 49, 64, 12345, 2147483647})
        for (std::int64_t n : {std::int64_t(0), by - 1, by, by + 1, std::int64_t(2147483647),
                               std::int64_t(1) << 31, (std::int64_t(1) << 40) + 17})
            CHECK(divided(n, weft::cuda_backend::divider(by)) == n / by);
}

namespace {

template <class T, class Rule, int Slots>
void check_update(const Rule& rule, std::size_t n, std::size_t skip, rng& r) {
    std::vector<T> p = numbers<T>(r, n + skip), g = numbers<T>(r, n + skip),
                   s = numbers<T>(r, Slots * n + skip, 0, 1);
    std::vector<T> want_p = p, want_s = s;
    for (std::size_t i = 0; i < n; ++i) {
        T slots[Slots + 1] = {};
        for (std::size_t k = 0; k < Slots; ++k) slots[k] = s[skip + k * n + i];
        rule(want_p[skip + i], g[skip + i], slots);
        for (std::size_t k = 0; k < Slots; ++k) want_s[skip + k * n + i] = slots[k];
    }
    weft::cuda_backend::update_guard guard;
    weft::cuda_backend::guarded_update<Slots>(host_twin(), &rule, &guard, 0, 0, std::int64_t(n),
                                              p.data() + skip, g.data() + skip, s.data() + skip);
    CHECK(guard.finite);
    for (std::size_t i = 0; i < p.size(); ++i) CHECK(double(p[i]) == Approx(double(want_p[i])).epsilon(1e-5));
    for (std::size_t i = 0; i < s.size(); ++i) CHECK(double(s[i]) == Approx(double(want_s[i])).epsilon(1e-5));
}

}  // namespace

TEST_CASE("cuda: an optimiser's rule over all parameters") {
    rng r(9);
    for (std::size_t n : {1, 3, 4, 7, 1024, 1030})
        for (std::size_t skip : {0, 1}) {
            const auto adam = weft::adam{}.at<float>(3, 1e-2f);
            check_update<float, decltype(adam), weft::adam::slots>(adam, n, skip, r);
            const auto adam64 = weft::adam{}.at<double>(3, 1e-2);
            check_update<double, decltype(adam64), weft::adam::slots>(adam64, n, skip, r);
        }
}

TEST_CASE("cuda: numbers that are not finite, and clipping") {
    using weft::cuda_backend::guarded_update;
    rng r(10);
    const host_twin device;
    const auto rule =
        weft::sgd{.learning_rate = 1}.at<float>(1, 1.0f);  // parameters become minus the gradients
    weft::cuda_backend::update_guard guard;
    for (std::size_t n : {1, 5, 1000, 400001}) {
        const std::vector<float> x = numbers<float>(r, n + 1, -3, 3);
        for (std::size_t skip : {0, 1}) {
            const float* g = x.data() + skip;
            double square = 0;
            for (std::size_t i = 0; i < n; ++i) square += double(g[i]) * double(g[i]);
            const auto updated = [&](float value_limit, float norm_limit) {
                std::vector<float> p(n), velocity(n);
                guarded_update<weft::sgd::slots>(device, &rule, &guard, value_limit, norm_limit,
                                                 std::int64_t(n), p.data(), g, velocity.data());
                return p;
            };
            const auto by_large_norm = updated(0, 1e9f), by_norm = updated(0, 0.25f),
                       by_value = updated(1.5f, 0);
            const double factor = std::min(1.0, 0.25 / (std::sqrt(square) + 1e-6));
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < n; ++i) {
                wrong += by_large_norm[i] != -g[i];
                wrong += by_value[i] != -std::min(std::max(g[i], -1.5f), 1.5f);
                wrong += !(std::abs(double(by_norm[i]) + double(g[i]) * factor) <= 1e-6);
            }
            CHECK(wrong == 0);
        }
        for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
            for (std::size_t at : {std::size_t(0), n / 2, n - 1}) {
                std::vector<float> z(x.begin(), x.begin() + std::ptrdiff_t(n)), p(n, 7), velocity(n);
                z[at] = bad;
                guarded_update<weft::sgd::slots>(device, &rule, &guard, 0, 0, std::int64_t(n), p.data(),
                                                 z.data(), velocity.data());
                CHECK(!guard.finite);
                CHECK(p == std::vector<float>(n, 7));
            }
    }
}
