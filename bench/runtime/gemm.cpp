// The products of LeNet and ResNet layers, by weft and by Eigen, on one thread. The two are timed in turn and
// take turns at going first; the ratio is the median over the pairs, so that a change of the clock touches
// both. g++ -std=c++20 -O2 -march=native -DNDEBUG -Iinclude -isystem /usr/include/eigen3
// bench/runtime/gemm.cpp Arguments: "double" for that type, then perhaps words that a product's name must
// contain.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>
#include <weft/backend/cpu/gemm.hpp>
#include <weft/core/buffer.hpp>
#include <weft/core/random.hpp>

namespace {

using namespace weft::cpu_backend;
template <class T, int Order>
using matrix = Eigen::Matrix<T, -1, -1, Order>;

enum class kind { forward, data_gradient, weight_gradient };

struct shape {
    const char* name;
    kind what;
    int m, n, k;
};

// forward: x W^T; data gradient: dy W; weight gradient: dy^T x
constexpr shape shapes[] = {
    {"LeNet dense 1", kind::forward, 64, 120, 400},
    {"LeNet dense 1 dx", kind::data_gradient, 64, 400, 120},
    {"LeNet dense 1 dW", kind::weight_gradient, 120, 400, 64},
    {"LeNet dense 2", kind::forward, 64, 84, 120},
    {"LeNet dense 2 dx", kind::data_gradient, 64, 120, 84},
    {"LeNet dense 2 dW", kind::weight_gradient, 84, 120, 64},
    {"LeNet dense 3", kind::forward, 64, 10, 84},
    {"LeNet dense 3 dx", kind::data_gradient, 64, 84, 10},
    {"LeNet dense 3 dW", kind::weight_gradient, 10, 84, 64},
    {"one LeNet image 1", kind::forward, 1, 120, 400},
    {"one LeNet image 2", kind::forward, 1, 84, 120},
    {"one LeNet image 3", kind::forward, 1, 10, 84},
    {"one image dx", kind::data_gradient, 1, 400, 120},
    {"one image dW", kind::weight_gradient, 120, 400, 1},
    {"MLP 784-128", kind::forward, 32, 128, 784},
    {"MLP 784-128 dx", kind::data_gradient, 32, 784, 128},
    {"MLP 784-128 dW", kind::weight_gradient, 128, 784, 32},
    {"four rows", kind::forward, 4, 256, 256},
    {"seven rows", kind::forward, 7, 256, 256},
    {"one output", kind::forward, 64, 1, 100},
    {"square 256", kind::data_gradient, 256, 256, 256},
    {"square 256 x W^T", kind::forward, 256, 256, 256},
    {"square 512", kind::data_gradient, 512, 512, 512},
    {"square 512 dW", kind::weight_gradient, 512, 512, 512},
    {"ResNet conv", kind::data_gradient, 64, 1024, 576},
    {"ResNet 1x1", kind::data_gradient, 256, 196, 1024},
    {"ResNet head", kind::forward, 32, 1000, 512},
    {"LeNet conv 2", kind::data_gradient, 16, 100, 150},
    {"LeNet conv 1", kind::data_gradient, 6, 784, 25},
};

template <class T>
weft::buffer<T> random_numbers(std::size_t size, std::uint64_t stream) {
    weft::random_stream random(weft::seed{1}, stream);
    weft::buffer<T> numbers(size);
    for (T& x : numbers.span()) x = T(random.uniform()) - T(0.5);
    return numbers;
}

template <class T>
struct operands {
    weft::buffer<T> a, b, c, d, scratch;
    explicit operands(const shape& s)
        : a(random_numbers<T>(std::size_t(s.m) * std::size_t(s.k), 0)),
          b(random_numbers<T>(std::size_t(s.k) * std::size_t(s.n), 1)),
          c(std::size_t(s.m) * std::size_t(s.n)),
          d(c.size()),
          scratch(gemm_scratch<T>(s.m, s.n, s.k, 1)) {}
};

template <class T>
void by_weft(const shape& s, operands<T>& o) {
    static const thread_team one_thread;
    using ref = matrix_ref<T>;
    const ref a = s.what == kind::weight_gradient ? ref{o.a.data(), 1, s.m} : ref{o.a.data(), s.k, 1};
    const ref b = s.what == kind::forward ? ref{o.b.data(), 1, s.k} : ref{o.b.data(), s.n, 1};
    gemm<T>(one_thread, s.m, s.n, s.k, a, b, o.c.data(), s.n, false, o.scratch.data(), {});
}

template <class T>
void by_eigen(const shape& s, operands<T>& o) {
    using row_major = matrix<T, Eigen::RowMajor>;
    using col_major = matrix<T, Eigen::ColMajor>;
    Eigen::Map<row_major> c(o.d.data(), s.m, s.n);
    const Eigen::Map<const row_major> a(o.a.data(), s.m, s.k), b(o.b.data(), s.k, s.n);
    const Eigen::Map<const col_major> at(o.a.data(), s.m, s.k), bt(o.b.data(), s.k, s.n);
    if (s.what == kind::forward)
        c.noalias() = a * bt;
    else if (s.what == kind::data_gradient)
        c.noalias() = a * b;
    else
        c.noalias() = at * b;
}

double median(std::vector<double> v) {
    std::nth_element(v.begin(), v.begin() + long(v.size() / 2), v.end());
    return v[v.size() / 2];
}

/// Seconds for one call of many.
template <class T>
double seconds(void (*multiply)(const shape&, operands<T>&), int calls, const shape& s, operands<T>& o) {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    for (int i = 0; i < calls; ++i) multiply(s, o);
    return std::chrono::duration<double>(clock::now() - start).count() / calls;
}

template <class T>
int compare(std::string_view words) {
    std::printf("%-20s %5s %5s %5s %10s %10s %8s %8s %7s\n", "product", "m", "n", "k", "weft us", "Eigen us",
                "GFLOP/s", "Eigen's", "ratio");
    int slower = 0, count = 0;
    double logarithms = 0;
    for (const shape& s : shapes) {
        if (std::string_view(s.name).find(words) == std::string_view::npos) continue;
        operands<T> o(s);
        const double flops = 2.0 * s.m * s.n * s.k;
        const int calls = std::max(1, int(4e6 / flops));
        std::vector<double> weft_times, eigen_times, ratios;
        for (int repeat = 0; repeat < 401; ++repeat) {
            const bool weft_first = repeat % 2 == 0;
            const double first = seconds<T>(weft_first ? by_weft<T> : by_eigen<T>, calls, s, o);
            const double second = seconds<T>(weft_first ? by_eigen<T> : by_weft<T>, calls, s, o);
            weft_times.push_back(weft_first ? first : second);
            eigen_times.push_back(weft_first ? second : first);
            ratios.push_back(weft_times.back() / eigen_times.back());
        }
        for (std::size_t i = 0; i < o.c.size(); ++i)
            if (!(std::abs(o.c[i] - o.d[i]) <= T(1e-4))) {
                std::printf("%s: different results\n", s.name);
                return 1;
            }
        const double ours = median(weft_times), theirs = median(eigen_times), ratio = median(ratios);
        slower += ratio > 1;
        ++count;
        logarithms += std::log(ratio);
        std::printf("%-20s %5d %5d %5d %10.2f %10.2f %8.1f %8.1f %7.3f\n", s.name, s.m, s.n, s.k, ours * 1e6,
                    theirs * 1e6, flops / ours * 1e-9, flops / theirs * 1e-9, ratio);
    }
    std::printf("%d of %d slower than Eigen; geometric mean of the ratios %.3f\n", slower, count,
                std::exp(logarithms / std::max(count, 1)));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    // From now on malloc keeps what is freed; else Eigen's products could pay for fresh pages at each call.
    weft::buffer<char>(std::size_t(24) << 20);
    const bool doubles = argc > 1 && std::string_view(argv[1]) == "double";
    const std::string_view words = argc > 1 + doubles ? argv[1 + doubles] : "";
    return doubles ? compare<double>(words) : compare<float>(words);
}
