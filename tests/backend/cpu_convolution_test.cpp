#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>
#include <weft/backend/cpu/convolution.hpp>
#include <weft/core/random.hpp>

#include "catch.hpp"

namespace {

using namespace weft::cpu_backend;
using std::ptrdiff_t;
using weft::conv2d_geometry;

/// Scratch filled with NaN, at a 64-byte boundary, with canaries on both sides.
template <class T>
class guarded_scratch {
public:
    explicit guarded_scratch(std::size_t size) : all_(size + 192, canary), size_(size) {
        const auto address = reinterpret_cast<std::uintptr_t>(all_.data() + 64);
        start_ = 64 + std::size_t((64 - address % 64) % 64) / sizeof(T);
        std::fill_n(data(), size, std::numeric_limits<T>::quiet_NaN());
    }
    T* data() { return all_.data() + start_; }
    bool intact() const {
        for (std::size_t i = 0; i < all_.size(); ++i)
            if ((i < start_ || i >= start_ + size_) && all_[i] != canary) return false;
        return true;
    }

private:
    static constexpr T canary = T(-12345);
    std::vector<T> all_;
    std::size_t size_, start_ = 0;
};

template <class T>
std::vector<T> random_numbers(ptrdiff_t size, std::uint64_t stream) {
    weft::random_stream random(weft::seed{7}, stream);
    std::vector<T> numbers(static_cast<std::size_t>(size));
    for (T& x : numbers) x = T(random.uniform()) - T(0.5);
    return numbers;
}

struct sample_counter {
    std::vector<std::atomic<int>> calls;
    explicit sample_counter(ptrdiff_t samples) : calls(std::size_t(samples)) {}
    static void count(void* self, ptrdiff_t first, ptrdiff_t rows) {
        for (ptrdiff_t i = first; i < first + rows; ++i)
            ++static_cast<sample_counter*>(self)->calls.at(std::size_t(i));
    }
    bool once_each() const {
        return std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; });
    }
};

/// All three convolutions by the definition, in double.
struct expectation {
    std::vector<double> y, dx, dw, db;

    template <class T>
    expectation(const conv2d_geometry& g, ptrdiff_t batch, const std::vector<T>& x, const std::vector<T>& w,
                const std::vector<T>& dy)
        : y(dy.size()), dx(x.size()), dw(w.size()), db(std::size_t(g.filters)) {
        const ptrdiff_t channels = g.channels / g.groups, filters = g.filters / g.groups;
        std::size_t to = 0;
        for (ptrdiff_t n = 0; n < batch; ++n)
            for (ptrdiff_t f = 0; f < g.filters; ++f)
                for (int i = 0; i < g.out_h(); ++i)
                    for (int j = 0; j < g.out_w(); ++j, ++to) {
                        db[std::size_t(f)] += double(dy[to]);
                        for (ptrdiff_t c = 0; c < channels; ++c)
                            for (int u = 0; u < g.kernel_h; ++u)
                                for (int v = 0; v < g.kernel_w; ++v) {
                                    const int h = i * g.stride_h - g.padding_h + u * g.dilation_h;
                                    const int k = j * g.stride_w - g.padding_w + v * g.dilation_w;
                                    if (h < 0 || h >= g.height || k < 0 || k >= g.width) continue;
                                    const auto from = std::size_t(
                                        ((n * g.channels + f / filters * channels + c) * g.height + h) *
                                            g.width +
                                        k);
                                    const auto weight =
                                        std::size_t(((f * channels + c) * g.kernel_h + u) * g.kernel_w + v);
                                    y[to] += double(x[from]) * double(w[weight]);
                                    dx[from] += double(dy[to]) * double(w[weight]);
                                    dw[weight] += double(dy[to]) * double(x[from]);
                                }
                    }
    }
};

template <class T>
double worst_difference(const std::vector<T>& got, const std::vector<double>& expected) {
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(double(got[i]) - expected[i]);
        worst = difference <= worst ? worst : difference;  // a NaN counts
    }
    return worst;
}

/// What rounding may add up to in a sum of products of numbers below 1/2.
template <class T>
double tolerance(double terms) {
    return double(std::numeric_limits<T>::epsilon()) * (4 + 2 * std::sqrt(terms) + terms / 32);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
void check_convolution(const conv2d_geometry& g, ptrdiff_t batch) {
    CAPTURE(g.channels, g.height, g.width, g.filters, g.kernel_h, g.kernel_w, g.stride_h, g.stride_w,
            g.padding_h, g.padding_w, g.dilation_h, g.dilation_w, g.groups, batch, sizeof(T));
    const ptrdiff_t inputs = batch * g.channels * g.height * g.width;
    const ptrdiff_t results = batch * g.filters * g.out_h() * g.out_w();
    const auto x = random_numbers<T>(inputs, 1), dy = random_numbers<T>(results, 3);
    const auto w =
        random_numbers<T>(ptrdiff_t(g.filters) * (g.channels / g.groups) * g.kernel_h * g.kernel_w, 2);
    const expectation expected(g, batch, x, w, dy);
    const T nan = std::numeric_limits<T>::quiet_NaN();

    std::vector<T> y1, dx1, dw1, db1;
    for (int threads = 1; threads <= 4; ++threads) {
        const thread_team team(threads);
        std::vector<T> y(dy.size(), nan), dx(x.size(), nan), dw(w.size(), nan),
            db(std::size_t(g.filters), nan);
        sample_counter forward(batch), backward(batch);
        guarded_scratch<T> s1(conv2d_forward_scratch<T>(g, batch, threads));
        conv2d_forward<T>(team, g, batch, x.data(), w.data(), y.data(), s1.data(),
                          {sample_counter::count, &forward});
        guarded_scratch<T> s2(conv2d_backward_data_scratch<T>(g, batch, threads));
        conv2d_backward_data<T>(team, g, batch, dy.data(), w.data(), dx.data(), s2.data(),
                                {sample_counter::count, &backward});
        guarded_scratch<T> s3(conv2d_backward_weights_scratch<T>(g, batch, threads));
        conv2d_backward_weights<T>(team, g, batch, x.data(), dy.data(), dw.data(),
                                   threads == 3 ? nullptr : db.data(), s3.data());
        REQUIRE(s1.intact());
        REQUIRE(s2.intact());
        REQUIRE(s3.intact());
        REQUIRE(forward.once_each());
        REQUIRE(backward.once_each());
        if (threads == 1) {
            const double window = double(g.kernel_h) * g.kernel_w;
            const double positions = double(batch) * g.out_h() * g.out_w();
            REQUIRE(worst_difference(y, expected.y) <= tolerance<T>(window * g.channels / g.groups));
            REQUIRE(worst_difference(dx, expected.dx) <= tolerance<T>(window * g.filters / g.groups));
            REQUIRE(worst_difference(dw, expected.dw) <= tolerance<T>(positions));
            REQUIRE(worst_difference(db, expected.db) <= 4 * tolerance<T>(positions));
            y1 = y, dx1 = dx, dw1 = dw, db1 = db;
        } else {
            REQUIRE(same_bits(y, y1));
            REQUIRE(same_bits(dx, dx1));
            REQUIRE(same_bits(dw, dw1));
            if (threads != 3) REQUIRE(same_bits(db, db1));
        }
    }
}

template <class T>
void check_random_convolutions(std::uint64_t stream, int count) {
    weft::random_stream random(weft::seed{5}, stream);
    const auto draw = [&](int low, int high) {
        return low + int(random.below(std::uint32_t(high - low + 1)));
    };
    while (count > 0) {
        const int groups = random.below(3) == 0 ? draw(2, 4) : 1;
        const conv2d_geometry g{
            groups * draw(1, 5), draw(1, 20), draw(1, 20), groups * draw(1, 11), draw(1, 5),
            draw(1, 5),          draw(1, 3),  draw(1, 3),  draw(0, 4),           draw(0, 4),
            draw(1, 3),          draw(1, 3),  groups};
        const bool fits = g.height + 2 * g.padding_h > g.dilation_h * (g.kernel_h - 1) &&
                          g.width + 2 * g.padding_w > g.dilation_w * (g.kernel_w - 1);
        if (!fits) continue;
        check_convolution<T>(g, draw(1, 6));
        --count;
    }
}

}  // namespace

TEST_CASE("cpu convolution: random sizes, strides, paddings, dilations and groups") {
    check_random_convolutions<float>(0, 200);
    check_random_convolutions<double>(1, 200);
}

TEST_CASE("cpu convolution: layers of known networks") {
    // channels, height, width, filters, kernel, stride, padding, dilation, groups
    check_convolution<float>({1, 28, 28, 6, 5, 5, 1, 1, 2, 2, 1, 1, 1}, 9);
    check_convolution<float>({6, 14, 14, 16, 5, 5, 1, 1, 0, 0, 1, 1, 1}, 9);
    check_convolution<float>({3, 46, 50, 8, 7, 7, 2, 2, 3, 3, 1, 1, 1}, 2);
    check_convolution<float>({16, 14, 14, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 3);
    check_convolution<float>({16, 15, 15, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1}, 3);
    check_convolution<float>({16, 14, 14, 24, 1, 1, 2, 2, 0, 0, 1, 1, 1}, 3);
}

TEST_CASE("cpu convolution: one weight per pair of channels is a product") {
    check_convolution<float>({33, 7, 9, 21, 1, 1, 1, 1, 0, 0, 1, 1, 1}, 5);
    check_convolution<double>({12, 1, 1, 20, 1, 1, 1, 1, 0, 0, 1, 1, 4}, 2);
    check_convolution<float>({64, 20, 20, 70, 1, 1, 1, 1, 0, 0, 1, 1, 1}, 1);
}

TEST_CASE("cpu convolution: depthwise, with one or several filters a channel") {
    check_convolution<float>({24, 17, 19, 24, 3, 3, 1, 1, 1, 1, 1, 1, 24}, 3);
    check_convolution<double>({10, 17, 19, 10, 5, 3, 2, 2, 2, 1, 1, 1, 10}, 2);
    check_convolution<float>({8, 11, 9, 24, 3, 3, 1, 1, 2, 2, 2, 2, 8}, 2);
}

TEST_CASE("cpu convolution: long rows, more padding than the kernel reaches, a stride beyond the kernel") {
    check_convolution<float>({1, 2, 900, 9, 1, 7, 1, 1, 0, 3, 1, 1, 1}, 2);
    check_convolution<float>({2, 3, 4, 5, 1, 2, 1, 1, 6, 5, 1, 1, 1}, 2);
    check_convolution<float>({2, 17, 13, 5, 2, 1, 5, 4, 0, 3, 1, 1, 1}, 2);
    check_convolution<float>({1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1}, 1);
}

TEST_CASE("cpu convolution: more images than are copied at a time") {
    check_convolution<float>({8, 40, 40, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 13);
}

TEST_CASE("cpu convolution: the gradient of the weights over no images is zero") {
    const conv2d_geometry g{2, 4, 4, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    const thread_team team(1);
    std::vector<float> dw(54, 1.0f), db(3, 1.0f);
    guarded_scratch<float> scratch(conv2d_backward_weights_scratch<float>(g, 0, 1));
    conv2d_backward_weights<float>(team, g, 0, nullptr, nullptr, dw.data(), db.data(), scratch.data());
    CHECK(std::all_of(dw.begin(), dw.end(), [](float v) { return v == 0; }));
    CHECK(std::all_of(db.begin(), db.end(), [](float v) { return v == 0; }));
}

TEST_CASE("cpu convolution: scratch grows with the batch, so a capacity suffices") {
    constexpr conv2d_geometry g{6, 14, 14, 16, 5, 5, 1, 1, 0, 0, 1, 1, 1};
    std::size_t last = 0;
    for (ptrdiff_t batch = 0; batch < 200; ++batch) {
        const std::size_t size = conv2d_backward_weights_scratch<float>(g, batch, 2);
        CHECK(size >= last);
        last = size;
    }
    CHECK(conv2d_backward_weights_scratch<float>(g, 100000, 2) < 1'000'000);
    static_assert(conv2d_forward_scratch<float>(g, 1, 2) == conv2d_forward_scratch<float>(g, 64, 2));
    static_assert(conv2d_backward_data_scratch<float>(g, 1, 2) ==
                  conv2d_backward_data_scratch<float>(g, 64, 2));
}
