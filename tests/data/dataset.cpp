#include "weft/data/dataset.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace data = weft::data;

namespace {

std::string message_of(std::vector<float> inputs, std::vector<int> targets, std::size_t input_size,
                       std::size_t target_size) {
    try {
        data::dataset<float, int>(std::move(inputs), std::move(targets), input_size, target_size);
    } catch (const weft::error& failure) {
        return failure.what();
    }
    return "no error";
}

data::dataset<float, int> five() {
    return {{0, 1, 10, 11, 20, 21, 30, 31, 40, 41}, {0, 1, 0, 1, 2}, 2, 1, {"a", "b", "c"}};
}

}  // namespace

TEST_CASE("a dataset is made of arrays in memory", "[data][dataset]") {
    const auto samples = five();
    CHECK(samples.size() == 5);
    CHECK(samples.input(2)[0] == 20.0f);
    CHECK(samples.input(2)[1] == 21.0f);
    CHECK(samples.target(4)[0] == 2);
    CHECK_THROWS_AS(samples.input(5), weft::error);
    CHECK_THROWS_AS(samples.target(5), weft::error);
    CHECK(data::dataset<>{}.empty());

    const data::dataset<float, float> regression({1, 2, 3}, {1, 2, 3, 4, 5, 6}, 1, 2);
    CHECK(regression.size() == 3);
    CHECK(regression.target(2)[1] == 6.0f);

    const data::dataset<float, float> no_targets({1, 2, 3, 4}, {}, 2, 0);
    CHECK(no_targets.size() == 2);
    CHECK(no_targets.target(1).empty());
    CHECK_THROWS_AS(no_targets.target(2), weft::error);
}

TEST_CASE("arrays that do not fit together make no dataset", "[data][dataset]") {
    CHECK_THAT(message_of({1, 2, 3}, {1}, 2, 1), contains("3 inputs are no whole number of samples of 2"));
    CHECK_THAT(message_of({1, 2}, {1, 2, 3}, 1, 2), contains("3 targets are no whole number"));
    CHECK_THAT(message_of({1, 2, 3, 4}, {1}, 2, 1), contains("2 samples of inputs, but 1 of targets"));
    CHECK_THAT(message_of({1}, {1}, 0, 1), contains("needs at least one input"));
    CHECK_THAT(message_of({1}, {1}, 1, 0), contains("1 targets, none of them for a sample"));
    CHECK(message_of({1, 2, 3, 4}, {1, 2}, 2, 1) == "no error");
}

TEST_CASE("gather copies the named samples into a batch", "[data][dataset]") {
    const auto samples = five();
    const std::vector<std::size_t> indices = {4, 0, 4};
    std::vector<float> inputs(6);
    std::vector<int> targets(3);
    data::gather(samples, std::span<const std::size_t>(indices), std::span<float>(inputs),
                 std::span<int>(targets));
    CHECK(inputs == std::vector<float>{40, 41, 0, 1, 40, 41});
    CHECK(targets == std::vector<int>{2, 0, 2});

    const std::vector<std::size_t> past = {0, 5, 1};
    CHECK_THROWS_AS(data::gather(samples, std::span<const std::size_t>(past), std::span<float>(inputs),
                                 std::span<int>(targets)),
                    weft::error);
    CHECK_THROWS_AS(data::gather(samples, std::span<const std::size_t>(indices),
                                 std::span<float>(inputs).first(5), std::span<int>(targets)),
                    weft::error);
}

TEST_CASE("take cuts a run of samples", "[data][dataset]") {
    const auto samples = five();
    const auto middle = data::take(samples, 1, 3);
    CHECK(middle.size() == 3);
    CHECK(middle.inputs == std::vector<float>{10, 11, 20, 21, 30, 31});
    CHECK(middle.targets == std::vector<int>{1, 0, 1});
    CHECK(middle.class_names == samples.class_names);
    CHECK(data::take(samples, 5, 0).empty());
    CHECK_THROWS_AS(data::take(samples, 3, 3), weft::error);
    CHECK_THROWS_AS(data::take(samples, 6, 0), weft::error);
    CHECK_THROWS_AS(data::take(samples, 2, std::size_t(-1)), weft::error);
}
