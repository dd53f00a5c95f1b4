#include "weft/data/shuffle.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "../catch.hpp"

namespace data = weft::data;

namespace {

data::dataset<float, int> numbered(std::size_t n, int classes) {
    data::dataset<float, int> samples;
    samples.input_size = 1;
    for (std::size_t i = 0; i < n; ++i) {
        samples.inputs.push_back(float(i));
        samples.targets.push_back(int(i) % classes);
    }
    return samples;
}

}  // namespace

TEST_CASE("a permutation holds each index once and follows seed and epoch", "[data][shuffle]") {
    auto order = data::permutation(1000, weft::seed{7});
    CHECK(order == data::permutation(1000, weft::seed{7}));
    CHECK(order != data::permutation(1000, weft::seed{8}));
    CHECK(order != data::permutation(1000, weft::seed{7}, 1));
    std::sort(order.begin(), order.end());
    std::vector<std::size_t> all(1000);
    std::iota(all.begin(), all.end(), std::size_t{0});
    CHECK(order == all);
    CHECK(data::permutation(0, weft::seed{7}).empty());
    CHECK(data::permutation(1, weft::seed{7}) == std::vector<std::size_t>{0});
}

TEST_CASE("the permutation is the same on every machine", "[data][shuffle]") {
    CHECK(data::permutation(8, weft::seed{1}) == std::vector<std::size_t>{6, 1, 0, 4, 7, 5, 3, 2});
    CHECK(data::permutation(8, weft::seed{1}, 1) == std::vector<std::size_t>{2, 3, 1, 4, 6, 7, 5, 0});
}

TEST_CASE("each order of four comes up equally often", "[data][shuffle]") {
    std::array<int, 256> seen{};
    const int draws = 24000;
    for (int epoch = 0; epoch < draws; ++epoch) {
        const auto order = data::permutation(4, weft::seed{3}, std::uint64_t(epoch));
        ++seen[order[0] * 64 + order[1] * 16 + order[2] * 4 + order[3]];
    }
    CHECK(std::count_if(seen.begin(), seen.end(), [](int n) { return n > 0; }) == 24);
    for (const int n : seen)
        if (n > 0) CHECK(std::abs(n - 1000) < 160);
}

TEST_CASE("shuffling keeps inputs and targets together", "[data][shuffle]") {
    const auto samples = data::shuffled(numbered(100, 7), weft::seed{5});
    CHECK_FALSE(std::is_sorted(samples.inputs.begin(), samples.inputs.end()));
    for (std::size_t i = 0; i < samples.size(); ++i) CHECK(samples.targets[i] == int(samples.inputs[i]) % 7);
}

TEST_CASE("split holds out a fraction", "[data][shuffle]") {
    const auto samples = numbered(10, 3);
    const auto [kept, held] = data::split(samples, 0.25, weft::seed{1});
    CHECK(kept.size() == 7);
    CHECK(held.size() == 3);
    auto all = kept.inputs;
    all.insert(all.end(), held.inputs.begin(), held.inputs.end());
    std::sort(all.begin(), all.end());
    CHECK(all == samples.inputs);
    CHECK(data::split(samples, 0.0, weft::seed{1}).second.empty());
    CHECK(data::split(samples, 1.0, weft::seed{1}).first.empty());
    CHECK_THROWS_AS(data::split(samples, 1.5, weft::seed{1}), weft::error);
    CHECK_THROWS_AS(data::split(samples, -0.1, weft::seed{1}), weft::error);
    CHECK_THROWS_AS(data::split(samples, std::nan(""), weft::seed{1}), weft::error);
}

TEST_CASE("a stratified split keeps the shares of the classes", "[data][shuffle]") {
    auto samples = numbered(100, 2);
    for (std::size_t i = 0; i < 20; ++i) samples.targets[i] = 2;
    const auto [kept, held] = data::stratified_split(samples, 0.2, weft::seed{1});
    CHECK(kept.size() == 80);
    CHECK(held.size() == 20);
    CHECK(std::count(held.targets.begin(), held.targets.end(), 0) == 8);
    CHECK(std::count(held.targets.begin(), held.targets.end(), 1) == 8);
    CHECK(std::count(held.targets.begin(), held.targets.end(), 2) == 4);
    auto all = kept.inputs;
    all.insert(all.end(), held.inputs.begin(), held.inputs.end());
    std::sort(all.begin(), all.end());
    CHECK(all == samples.inputs);
}
