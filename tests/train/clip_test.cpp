#include <cmath>
#include <thread>
#include <vector>

#include "../catch.hpp"
#include "weft/train/clip.hpp"

TEST_CASE("clipping by value", "[train]") {
    std::vector<float> g{-3.0f, -0.5f, 0.0f, 0.25f, 2.0f, std::nanf(""), INFINITY};
    const weft::clipping clip = weft::clip_by_value{0.5f};
    clip.apply(std::span(g));
    CHECK(std::isnan(g[5]));
    g[5] = 0.0f;
    CHECK(g == std::vector<float>{-0.5f, -0.5f, 0.0f, 0.25f, 0.5f, 0.0f, 0.5f});
}

TEST_CASE("clipping by norm follows PyTorch's formula", "[train]") {
    std::vector<double> g{3.0, 0.0, -4.0};
    const weft::clipping clip = weft::clip_by_norm{2.0f};
    clip.apply(std::span(g));
    CHECK(g[0] == Approx(3.0 * 2.0 / (5.0 + 1e-6)).epsilon(1e-12));
    CHECK(g[2] == Approx(-4.0 * 2.0 / (5.0 + 1e-6)).epsilon(1e-12));
    std::vector<double> small{0.3, 0.4};
    clip.apply(std::span(small));
    CHECK(small == std::vector<double>{0.3, 0.4});
    std::vector<float> none;
    clip.apply(std::span(none));
}

TEST_CASE("no clipping leaves gradients alone", "[train]") {
    std::vector<float> g{1e30f, -1e30f};
    const weft::clipping none;
    none.apply(std::span(g));
    CHECK(g == std::vector<float>{1e30f, -1e30f});
    CHECK(!none);
}

TEST_CASE("clipping passes NaN on", "[train]") {
    std::vector<float> g{1.0f, std::nanf("")};
    weft::clipping{weft::clip_by_norm{1.0f}}.apply(std::span(g));
    CHECK(std::isnan(g[0]));
}

TEST_CASE("the norm does not overflow and has the same bits from any thread", "[train]") {
    const std::vector<float> big(3, 3e38f);
    CHECK(weft::global_norm(std::span<const float>(big)) == Approx(std::sqrt(3.0) * 3e38).epsilon(1e-6));

    std::vector<float> x(100'003);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(float(i) * 0.37f) * float(i % 17);
    const std::span<const float> all{x};
    const std::size_t leaves = weft::detail::sum_leaves(x.size());
    // Leaves from four threads, added as one thread would.
    std::vector<double> partial(leaves);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = t; i < leaves; i += 4) {
                partial[i] = weft::detail::leaf_sum_of_squares(all, i);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const auto read = [&](std::size_t i) { return partial[i]; };
    CHECK(std::sqrt(weft::detail::tree_sum(read, 0, leaves)) == weft::global_norm(all));
    long double plain = 0;
    for (float v : x) plain += static_cast<long double>(v) * static_cast<long double>(v);
    CHECK(weft::global_norm(all) == Approx(double(std::sqrt(plain))).epsilon(1e-12));
}

TEST_CASE("clipping refuses limits that are not more than zero", "[train]") {
    CHECK_THROWS_AS(weft::clipping{weft::clip_by_value{0.0f}}, weft::error);
    CHECK_THROWS_AS(weft::clipping{weft::clip_by_norm{-1.0f}}, weft::error);
    CHECK_THROWS_AS(weft::clipping{weft::clip_by_norm{std::nanf("")}}, weft::error);
}
