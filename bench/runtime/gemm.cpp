// The products of LeNet and ResNet layers, by weft and by Eigen, on one thread: medians of interleaved
// repeats. g++ -std=c++20 -O2 -march=native -DNDEBUG -Iinclude -isystem /usr/include/eigen3
// bench/runtime/gemm.cpp

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>
#include <weft/backend/cpu/gemm.hpp>
#include <weft/core/random.hpp>

namespace {

using namespace weft::cpu_backend;
using row_major = Eigen::Matrix<float, -1, -1, Eigen::RowMajor>;
using col_major = Eigen::Matrix<float, -1, -1, Eigen::ColMajor>;

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

struct operands {
    std::vector<float> a, b, c, d, scratch;
};

void by_weft(const shape& s, const thread_team& team, operands& o) {
    const matrix_ref<float> a = s.what == kind::weight_gradient ? matrix_ref<float>{o.a.data(), 1, s.m}
                                                                : matrix_ref<float>{o.a.data(), s.k, 1};
    const matrix_ref<float> b = s.what == kind::forward ? matrix_ref<float>{o.b.data(), 1, s.k}
                                                        : matrix_ref<float>{o.b.data(), s.n, 1};
    gemm<float>(team, s.m, s.n, s.k, a, b, o.c.data(), s.n, false, o.scratch.data(), {});
}

void by_eigen(const shape& s, operands& o) {
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

}  // namespace

int main() {
    const thread_team team;
    std::printf("%-20s %5s %5s %5s %10s %10s %8s %8s %7s\n", "product", "m", "n", "k", "weft us", "Eigen us",
                "GFLOP/s", "Eigen's", "ratio");
    int slower = 0;
    for (const shape& s : shapes) {
        operands o;
        weft::random_stream random(weft::seed{1}, 0);
        o.a.resize(std::size_t(s.m) * std::size_t(s.k));
        o.b.resize(std::size_t(s.k) * std::size_t(s.n));
        o.c.resize(std::size_t(s.m) * std::size_t(s.n));
        o.d = o.c;
        o.scratch.resize(gemm_scratch<float>(s.m, s.n, s.k, 1));
        for (float& x : o.a) x = random.uniform() - 0.5f;
        for (float& x : o.b) x = random.uniform() - 0.5f;
        const double flops = 2.0 * s.m * s.n * s.k;
        const int inner = std::max(1, int(2e6 / flops));
        std::vector<double> weft_times, eigen_times;
        for (int repeat = 0; repeat < 201; ++repeat) {
            using clock = std::chrono::steady_clock;
            const auto start = clock::now();
            for (int i = 0; i < inner; ++i) by_weft(s, team, o);
            const auto middle = clock::now();
            for (int i = 0; i < inner; ++i) by_eigen(s, o);
            const auto end = clock::now();
            weft_times.push_back(std::chrono::duration<double>(middle - start).count() / inner);
            eigen_times.push_back(std::chrono::duration<double>(end - middle).count() / inner);
        }
        for (std::size_t i = 0; i < o.c.size(); ++i)
            if (std::abs(o.c[i] - o.d[i]) > 1e-4f) {
                std::printf("%s: different results\n", s.name);
                return 1;
            }
        const double ours = median(weft_times), theirs = median(eigen_times);
        slower += ours > theirs;
        std::printf("%-20s %5d %5d %5d %10.2f %10.2f %8.1f %8.1f %7.3f\n", s.name, s.m, s.n, s.k, ours * 1e6,
                    theirs * 1e6, flops / ours * 1e-9, flops / theirs * 1e-9, ours / theirs);
    }
    std::printf("%d of %zu slower than Eigen\n", slower, std::size(shapes));
}
