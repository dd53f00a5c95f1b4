#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>
#include <weft/backend/cpu/gemm.hpp>
#include <weft/core/random.hpp>

#include "catch.hpp"

namespace {

using namespace weft::cpu_backend;
using std::ptrdiff_t;

/// Numbers that start at a 64-byte boundary, between canaries.
template <class T>
class guarded {
public:
    explicit guarded(std::size_t size, T fill = std::numeric_limits<T>::quiet_NaN())
        : all_(size + 3 * edge, canary), size_(size) {
        const auto address = reinterpret_cast<std::uintptr_t>(all_.data() + edge);
        start_ = edge + std::size_t((64 - address % 64) % 64) / sizeof(T);
        std::fill_n(data(), size, fill);
    }
    T* data() { return all_.data() + start_; }
    bool intact() const {
        for (std::size_t i = 0; i < all_.size(); ++i)
            if ((i < start_ || i >= start_ + size_) && all_[i] != canary) return false;
        return true;
    }

private:
    static constexpr std::size_t edge = 64;
    static constexpr T canary = T(-12345);
    std::vector<T> all_;
    std::size_t size_, start_ = 0;
};

template <class T>
std::vector<T> random_numbers(std::size_t size, std::uint64_t stream) {
    weft::random_stream random(weft::seed{7}, stream);
    std::vector<T> numbers(size);
    for (T& x : numbers) x = T(random.uniform()) - T(0.5);
    return numbers;
}

struct row_counter {
    std::vector<std::atomic<int>> calls;
    explicit row_counter(ptrdiff_t rows) : calls(std::size_t(rows)) {}
    static void count(void* self, ptrdiff_t first, ptrdiff_t rows) {
        for (ptrdiff_t i = first; i < first + rows; ++i)
            ++static_cast<row_counter*>(self)->calls.at(std::size_t(i));
    }
    bool once_each() const {
        return std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; });
    }
};

template <class T>
void check_product(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool a_rows, bool b_rows, bool accumulate) {
    CAPTURE(m, n, k, a_rows, b_rows, accumulate, sizeof(T));
    const ptrdiff_t lda = (a_rows ? k : m) + 1, ldb = (b_rows ? n : k) + 2, ldc = n + 3;
    // As large as they must be and no larger, so that a sanitizer sees a read too far.
    const auto a = random_numbers<T>(std::size_t(a_rows ? (m - 1) * lda + k : (k - 1) * lda + m), 1);
    const auto b = random_numbers<T>(std::size_t(b_rows ? (k - 1) * ldb + n : (n - 1) * ldb + k), 2);
    const auto c = random_numbers<T>(std::size_t((m - 1) * ldc + n), 3);
    const matrix_ref<T> ra{a.data(), a_rows ? lda : 1, a_rows ? 1 : lda};
    const matrix_ref<T> rb{b.data(), b_rows ? ldb : 1, b_rows ? 1 : ldb};

    std::vector<T> first;
    for (int threads = 1; threads <= 4; ++threads) {
        const thread_team team(threads);
        guarded<T> scratch(gemm_scratch<T>(m, n, k, threads));
        std::vector<T> result = c;
        row_counter counter(m);
        gemm<T>(team, m, n, k, ra, rb, result.data(), ldc, accumulate, scratch.data(),
                {row_counter::count, &counter});
        REQUIRE(scratch.intact());
        REQUIRE(counter.once_each());
        if (threads == 1) {
            first = result;
            double worst = 0;
            for (ptrdiff_t i = 0; i < m; ++i)
                for (ptrdiff_t j = 0; j < ldc && i * ldc + j < ptrdiff_t(c.size()); ++j) {
                    const std::size_t at = std::size_t(i * ldc + j);
                    double expected = j >= n || accumulate ? double(c[at]) : 0.0;
                    for (ptrdiff_t p = 0; p < k && j < n; ++p)
                        expected += double(*ra.at(i, p)) * double(*rb.at(p, j));
                    const double difference = std::abs(double(result[at]) - expected);
                    worst = difference <= worst ? worst : difference;  // a NaN counts
                }
            REQUIRE(worst <= double(std::numeric_limits<T>::epsilon()) *
                                 (4.0 + 2 * std::sqrt(double(k)) + double(k) / 32));
        } else {
            REQUIRE(std::memcmp(first.data(), result.data(), first.size() * sizeof(T)) == 0);
        }
    }
}

template <class T>
void check_random_products(std::uint64_t stream, int count, std::uint32_t limit) {
    weft::random_stream random(weft::seed{11}, stream);
    for (int i = 0; i < count; ++i) {
        const auto m = ptrdiff_t(random.below(limit) + 1), n = ptrdiff_t(random.below(limit) + 1);
        const auto k = ptrdiff_t(random.below(2 * limit) + 1);
        check_product<T>(m, n, k, random.below(2) == 0, random.below(2) == 0, random.below(2) == 0);
    }
}

template <class T>
void check_few_rows_or_columns() {
    for (const ptrdiff_t m : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17})
        for (const ptrdiff_t n : {1, 2, 3, 4, 5, 15, 16, 17, 33, 48, 64, 65})
            for (const ptrdiff_t k : {1, 2, 15, 16, 33})
                for (int form = 0; form < 4; ++form)
                    check_product<T>(m, n, k, form & 1, form & 2, (m + n + k) & 1);
}

}  // namespace

TEST_CASE("cpu gemm: random shapes, both orders of each operand, any number of threads") {
    check_random_products<float>(0, 150, 70);
    check_random_products<double>(1, 150, 70);
}

TEST_CASE("cpu gemm: a few rows, a few columns, a short depth") {
    check_few_rows_or_columns<float>();
    check_few_rows_or_columns<double>();
}

TEST_CASE("cpu gemm: several blocks in every direction") {
    for (int form = 0; form < 4; ++form) {
        check_product<float>(130, 1100, 300, form & 1, form & 2, false);
        check_product<double>(70, 570, 310, form & 1, form & 2, true);
        check_product<float>(2, 1500, 700, form & 1, form & 2, true);
        check_product<float>(200, 3, 700, form & 1, form & 2, false);
    }
}

TEST_CASE("cpu gemm: an empty product is zero, or leaves what was there") {
    const thread_team team(2);
    float c[6] = {1, 2, 3, 4, 5, 6};
    row_counter counter(2);
    gemm<float>(team, 2, 2, 0, {nullptr, 1, 1}, {nullptr, 1, 1}, c, 3, true, nullptr,
                {row_counter::count, &counter});
    CHECK(c[0] == 1);
    CHECK(counter.once_each());
    gemm<float>(team, 2, 2, 0, {nullptr, 1, 1}, {nullptr, 1, 1}, c, 3, false, nullptr, {});
    const float expected[6] = {0, 0, 3, 0, 0, 6};
    CHECK(std::equal(c, c + 6, expected));
}

TEST_CASE("cpu gemm: scratch grows with the rows up to a bound, so a capacity suffices") {
    std::size_t last = 0;
    for (ptrdiff_t m = 1; m < 300; ++m) {
        const std::size_t size = gemm_scratch<float>(m, 300, 500, 3);
        CHECK(size >= last);
        last = size;
    }
    CHECK(gemm_scratch<float>(1 << 20, 300, 500, 3) == last);
    CHECK(gemm_scratch<float>(64, 1 << 20, 1 << 20, 1) < 1'000'000);
}

namespace {

struct nested {
    const thread_team& team;
    std::vector<std::atomic<int>> counts;
    static void inner(void* self, int index) { ++static_cast<nested*>(self)->counts[std::size_t(index)]; }
    static void outer(void* self, int) {
        static_cast<nested*>(self)->team.run(int(static_cast<nested*>(self)->counts.size()), inner, self);
    }
};

}  // namespace

TEST_CASE("thread team: every task runs once, within a task too") {
    for (int threads = 0; threads <= 4; ++threads) {
        const thread_team team(threads);
        CHECK(team.size() == std::max(threads, 1));
        nested work{team, std::vector<std::atomic<int>>(5)};
        for (int repeat = 0; repeat < 200; ++repeat) team.run(7, nested::outer, &work);
        for (const auto& n : work.counts) CHECK(n == 200 * 7);
    }
}

TEST_CASE("thread team: shares cover a range without a gap") {
    for (int parts = 1; parts < 6; ++parts)
        for (ptrdiff_t total = 0; total < 40; ++total) {
            ptrdiff_t at = 0;
            for (int part = 0; part < parts; ++part) {
                const range r = share(total, 4, part, parts);
                CHECK(r.begin == at);
                CHECK((r.end % 4 == 0 || r.end == total));
                at = r.end;
            }
            CHECK(at == total);
        }
}
