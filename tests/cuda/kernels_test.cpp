// CUDA's kernels on the twin where the conformance suite does not reach: rows that no block's registers hold,
// sums that are split, chains behind every operation that takes one, and the optimiser's kernels.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <weft/backend/cuda/guarded_update.hpp>
#include <weft/train/optimizers/adam.hpp>
#include <weft/train/optimizers/sgd.hpp>

#include "conformance/operations.hpp"

namespace {

using namespace conformance;
using weft::cuda_backend::host_twin;

template <step_kind Kind, operand_mode Mode = operand_mode::same, function Fn = function::none,
          std::int32_t Bits0 = 0, std::int32_t Bits1 = 0>
using step = weft::step_type<Kind, Fn, Mode, Bits0, Bits1>;
template <class... Steps>
using chain = weft::chain<weft::graph::function_list<>, operand_mode::same, Steps...>;
/// Reads its operands in all ways, draws, and leaves something on the way.
using varied =
    chain<step<step_kind::add, operand_mode::channel>, step<step_kind::store>,
          step<step_kind::apply, operand_mode::same, function::silu>,
          step<step_kind::dropout, operand_mode::same, function::none, to_bits(0.3), 3>,
          step<step_kind::multiply, operand_mode::inner>, step<step_kind::add, operand_mode::fixed>,
          step<step_kind::subtract, operand_mode::sample_scalar>, step<step_kind::add>>;

template <opcode Op, class T>
void check_rows(int batch, int size, rng& r) {
    problem<T> p;
    p.batch = batch;
    const std::size_t all = times(batch, size), rows = std::size_t(batch);
    p.length = 64 + 4 * size;
    CAPTURE(int(Op), batch, size, sizeof(T));
    if (Op == opcode::layer_norm || Op == opcode::layer_norm_grad) {
        p.n = make(Op, {1, size, to_bits(1e-5f)}, size);
        p.in = {numbers<T>(r, all, 1, 4)};
        p.out = {all, rows};
        if (Op == opcode::layer_norm_grad) {
            p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, rows, 0.5, 2)};
            p.out = {all};
        }
    } else if (Op == opcode::softmax_xent || Op == opcode::softmax_xent_grad) {
        p.n = make(Op, {size, 1, to_bits(0.1f), 1}, Op == opcode::softmax_xent ? 1 : size);
        std::vector<T> labels(rows);
        for (std::size_t i = 0; i < rows; ++i) labels[i] = T(between(r, 0, size - 1));
        const std::vector<T> weights = numbers<T>(r, std::size_t(size), 0.5, 2);
        p.in = {numbers<T>(r, all, -9, 9), labels, weights};
        p.out = {rows, rows, all};
        if (Op == opcode::softmax_xent_grad) {
            p.in = {numbers<T>(r, rows), numbers<T>(r, all, 0, 1), labels, weights};
            p.out = {all};
        }
    } else {
        p.n = make(Op, {1, size, 1}, size);
        p.in = {numbers<T>(r, all, -9, 9)};
        if (Op == opcode::softmax_grad) p.in = {numbers<T>(r, all), numbers<T>(r, all, 0, 0.2)};
        p.out = {all};
    }
    check<Op>(p);
}
template <class T>
void check_long_rows() {
    rng r(3);
    // the ends of what a warp and a block hold, on both sides, in packs and alone
    for (int size : {255, 256, 257, 1024, 1028, 2047, 2051, 8192, 8196, 12000, 20001}) {
        check_rows<opcode::softmax, T>(3, size, r);
        check_rows<opcode::log_softmax, T>(3, size, r);
        check_rows<opcode::softmax_grad, T>(3, size, r);
        check_rows<opcode::layer_norm, T>(3, size, r);
        check_rows<opcode::layer_norm_grad, T>(3, size, r);
        check_rows<opcode::softmax_xent, T>(3, size, r);
        check_rows<opcode::softmax_xent_grad, T>(3, size, r);
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
                const auto mode = operand_mode(m);
                if (v.size() * batch > 600000) continue;
                if (mode == operand_mode::sample_channel || mode == operand_mode::sample_inner) v.outer = 1;
                problem<T> p;
                p.batch = batch;
                p.n = make(opcode::reduce, {v.outer, v.channels, v.inner, m, to_bits(-0.75f), 1}, 1);
                p.in = {numbers<T>(r, times(p.batch, v.size()), 0, 1)};
                p.out = {std::size_t(weft::graph::operand_size(mode, v)) *
                         std::size_t(weft::graph::is_per_sample(mode) ? p.batch : 1)};
                p.length = 4.0 * p.batch * v.size() / double(p.out[0]);
                CAPTURE(m, v.outer, v.channels, v.inner, batch);
                check<opcode::reduce>(p);
            }
}

template <opcode Op, class T>
void check_batch_norm(int batch, int channels, int inner, rng& r) {
    problem<T> p;
    p.batch = batch;
    const std::size_t all = times(batch, channels, inner), c = std::size_t(channels);
    p.n = make(Op, {channels, inner, to_bits(1e-5f), to_bits(0.1f)}, channels * inner);
    const std::vector<T> gamma = numbers<T>(r, c, 0.5, 2), mean = numbers<T>(r, c),
                         variance = numbers<T>(r, c, 0.5, 2);
    if (Op == opcode::batch_norm_stats) {
        p.in = {numbers<T>(r, all, 1, 4), gamma, numbers<T>(r, c), mean, variance};
        p.out = {c, c, c, c};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all, -2, 2), gamma, mean, variance};
        p.out = {c, c, c, c, c};
    }
    p.length = 64 + 16.0 * batch * inner;
    CAPTURE(int(Op), batch, channels, inner);
    check<Op>(p);
}

/// Makes a problem whose result has 4 channels of 6 by `width`, and looks at the result as that.
template <opcode Op, class T>
problem<T> behind(int width, rng& r) {
    problem<T> p;
    p.batch = 5;
    const int size = 24 * width, pooled = 4 * 12 * 2 * width;
    const std::size_t all = times(p.batch, size);
    using enum opcode;
    p.in = {numbers<T>(r, all)};
    if constexpr (Op == softmax || Op == softmax_grad || Op == log_softmax || Op == log_softmax_grad) {
        p.n = make(Op, {4, 6, width}, size);
        p.in.push_back(numbers<T>(r, all, -1, 1));
    } else if constexpr (Op == layer_norm_grad) {
        p.n = make(Op, {4, 6 * width, to_bits(1e-5f)}, size);
        p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, times(p.batch, 4), 0.5, 2)};
    } else if constexpr (Op == max_pool2d || Op == avg_pool2d) {
        p.n = make(Op, {4, 12, 2 * width, 2, 2, 2, 2, 0, 0, 0, 6, width}, size);
        p.in = {numbers<T>(r, times(p.batch, pooled))};
    } else if constexpr (Op == max_pool2d_grad || Op == avg_pool2d_grad) {
        // windows that overlap, or tile the image
        if (width % 2)
            p.n = make(Op, {4, 6, width, 3, 1, 2, 1, 1, 0, 0, 3, width}, size);
        else
            p.n = make(Op, {4, 6, width, 2, 2, 2, 2, 0, 0, 0, 3, width / 2}, size);
        p.in = {numbers<T>(r, times(p.batch, 4 * 3, p.n.attribute[11])), numbers<T>(r, all)};
    } else if constexpr (Op == upsample2d) {
        p.n = make(Op, {4, 3, width, 2, 1}, size);
    } else if constexpr (Op == upsample2d_grad) {
        p.n = make(Op, {4, 6, width, 2, 2}, size);
        p.in = {numbers<T>(r, times(p.batch, 2 * pooled))};
    } else if constexpr (Op == concat) {
        p.n = make(Op, {8 * width, 16 * width, 0, 0, 0, 0, 0, 0, 2}, size);
        p.in = {numbers<T>(r, all / 3), numbers<T>(r, all / 3 * 2)};
    } else {
        p.n = make(Op, {size + 8, 4, size}, size);
        p.in = {numbers<T>(r, times(p.batch, size + 8))};
    }
    p.out = {all};
    p.n.view = {1, 4, 6 * width};
    p.length = 100;
    return p;
}
template <opcode Op, class T>
void check_behind() {
    rng r(7);
    for (int width : {1, 2, 5, 8, 11, 16}) {
        problem<T> p = behind<Op, T>(width, r);
        set_steps(p.n, varied{});
        fill_operands(p, r);
        CAPTURE(int(Op), width, sizeof(T));
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
    using enum opcode;
    check_behind<softmax, T>();
    check_behind<softmax_grad, T>();
    check_behind<log_softmax, T>();
    check_behind<log_softmax_grad, T>();
    check_behind<layer_norm_grad, T>();
    check_behind<max_pool2d, T>();
    check_behind<max_pool2d_grad, T>();
    check_behind<avg_pool2d, T>();
    check_behind<avg_pool2d_grad, T>();
    check_behind<upsample2d, T>();
    check_behind<upsample2d_grad, T>();
    check_behind<concat, T>();
    check_behind<slice, T>();
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
            p.n = make(opcode::softmax, {1, size, inner}, size * inner);
            const std::size_t sample = times(size, inner);
            p.in = {std::vector<float>(4 * sample, 1.f)};
            for (std::size_t i = 0; i < sample; ++i) p.in[0][sample + i] = -inf;  // nothing is allowed
            for (std::size_t i = 0; i < sample / 2; ++i) p.in[0][i] = -inf;
            p.in[0][2 * sample] = nan;
            p.in[0][3 * sample + 1] = -1e30f;
            p.out = {4 * sample};
            p.length = size;
            CAPTURE(size, inner);
            check<opcode::softmax>(p);
            CHECK(on_policy<opcode::softmax, chain<>>(p, 1).out[0][0] == 0);
            CHECK(std::isnan(on_policy<opcode::softmax, chain<>>(p, 1).out[0][sample]));
        }
}

TEST_CASE("cuda: sums that are split") {
    check_split_sums<float>();
    check_split_sums<double>();
    rng r(6);
    for (auto [batch, channels, inner] :
         {std::array{3000, 6, 1}, {2000, 8, 1}, {700, 130, 1}, {64, 3, 900}, {64, 2, 901}, {1, 1, 60000}}) {
        check_batch_norm<opcode::batch_norm_stats, float>(batch, channels, inner, r);
        check_batch_norm<opcode::batch_norm_sums, float>(batch, channels, inner, r);
        check_batch_norm<opcode::batch_norm_stats, double>(batch, channels, inner, r);
    }
}

TEST_CASE("cuda: scratch for a capacity is enough for every batch") {
    using namespace weft::cuda_backend;
    for (int mode = 0; mode < 8; ++mode)
        for (weft::graph::blocking v :
             {weft::graph::blocking{1, 3, 2000}, {1, 9000, 3}, {1, 70, 1}, {1, 1, 9}}) {
            const node n = make(opcode::reduce, {v.outer, v.channels, v.inner, mode, to_bits(1.f), 0}, 1);
            const auto enough = std::int64_t(scratch_of<float>(n, 5000));
            for (int batch = 1; batch <= 5000; ++batch) {
                const reduction_sizes s(n, batch);
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
    p.n = make(opcode::softmax_xent, {12, 1, 0, 0}, 1);
    p.in = {numbers<float>(r, 84), {0, 1, 2, 3, 4, 5, 11}, {}};
    p.out = {7, 0, 84};
    p.length = 100;
    set_steps(p.n, halved{});
    fill_operands(p, r);
    check<opcode::softmax_xent, halved>(p);
    p.n.op = opcode::pick_nll;
    p.out = {7, 7};
    check<opcode::pick_nll, halved>(p);
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
