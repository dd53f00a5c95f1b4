#include "weft/data/make_dataset.hpp"

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../catch.hpp"
#include "files.hpp"

namespace data = weft::data;
using weft_test::failure;

namespace {

using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
const std::vector<float> by_rows{1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("Eigen's matrices become datasets by rows, however they are stored", "[data][eigen]") {
    Eigen::MatrixXf columns(2, 3);
    columns << 1, 2, 3, 4, 5, 6;
    const row_major rows = columns;
    Eigen::VectorXi labels(2);
    labels << 1, 0;
    const auto one = data::make_dataset(columns, labels, {"no", "yes"});
    static_assert(std::is_same_v<decltype(one), const data::dataset<float, int>>);
    CHECK(one.inputs == by_rows);
    CHECK(one.input_size == 3);
    CHECK(one.targets == std::vector<int>{1, 0});
    CHECK(one.class_names == std::vector<std::string>{"no", "yes"});
    CHECK(data::make_dataset(rows, labels).inputs == by_rows);
    CHECK(data::make_dataset(rows, Eigen::RowVector2i(1, 0)).targets == one.targets);
    CHECK(data::make_dataset(rows, std::vector<int>{1, 0}).targets == one.targets);

    const Eigen::Map<const Eigen::MatrixXf> map(columns.data(), 2, 3);
    CHECK(data::make_dataset(map, labels).inputs == by_rows);
    CHECK(data::make_dataset(columns.rightCols(2), labels).inputs == std::vector<float>{2, 3, 5, 6});
    CHECK(data::make_dataset(columns.transpose(), Eigen::Vector3i(0, 1, 2)).inputs ==
          std::vector<float>{1, 4, 2, 5, 3, 6});
    CHECK(data::make_dataset(2 * columns, labels).inputs == std::vector<float>{2, 4, 6, 8, 10, 12});
    CHECK(data::make_dataset(columns.transpose() * columns, Eigen::Vector3i(0, 1, 2)).inputs[0] == 17);
    CHECK(data::make_dataset((columns.array() > 2).cast<int>(), labels).inputs ==
          std::vector<float>{0, 0, 1, 1, 1, 1});

    // Numbers to predict, one or more for each sample; vectors are one number for each.
    const auto wide = data::make_dataset(columns.cast<double>(), columns.leftCols(2));
    static_assert(std::is_same_v<decltype(wide), const data::dataset<double, float>>);
    CHECK(wide.target_size == 2);
    CHECK(wide.targets == std::vector<float>{1, 2, 4, 5});
    const auto line = data::make_dataset(Eigen::Vector3f(1, 2, 3), Eigen::Vector3d(2, 4, 6));
    CHECK(line.input_size == 1);
    CHECK(line.targets == std::vector<double>{2, 4, 6});

    CHECK_THAT(failure([&] { data::make_dataset(columns, Eigen::Vector3i(0, 1, 2)); }),
               contains("2 samples of inputs, but 3 of targets"));
    CHECK_THAT(failure([&] { data::make_dataset(row_major(0, 0), Eigen::VectorXi(0)); }),
               contains("at least one input"));
}

TEST_CASE("Eigen's tensors become datasets of images", "[data][eigen]") {
    Eigen::Tensor<float, 3> columns(2, 3, 2);
    Eigen::Tensor<float, 3, Eigen::RowMajor> rows(2, 3, 2);
    std::vector<float> expected;
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 2; ++k) {
                columns(i, j, k) = rows(i, j, k) = float(100 * i + 10 * j + k);
                expected.push_back(columns(i, j, k));
            }
    Eigen::Tensor<int, 1> labels(2);
    labels.setValues({1, 0});
    for (const auto& samples : {data::make_dataset(columns, labels), data::make_dataset(rows, labels)}) {
        CHECK(samples.inputs == expected);
        CHECK(samples.input_size == 6);
        CHECK(samples.targets == std::vector<int>{1, 0});
    }
    const Eigen::TensorMap<Eigen::Tensor<const float, 2>> map(columns.data(), 4, 3);
    CHECK(data::make_dataset(map, std::vector<int>{0, 1, 2, 3}).inputs[1] == columns.data()[4]);
}

TEST_CASE("contiguous ranges become datasets", "[data]") {
    const std::vector<std::int64_t> labels{1, 0};
    const auto flat = data::make_dataset(by_rows, labels, 3);
    CHECK(flat.inputs == by_rows);
    CHECK(flat.targets == std::vector<int>{1, 0});
    CHECK(data::make_dataset(std::span<const float>(by_rows).first(4), std::array<float, 2>{1, 2}, 2)
              .target_size == 1);
    CHECK(data::make_dataset(by_rows, by_rows, 3, 3).targets == by_rows);
    const std::vector<std::array<double, 3>> rows{{1, 2, 3}, {4, 5, 6}};
    const auto nested = data::make_dataset(rows, std::array<unsigned char, 2>{1, 0});
    CHECK(nested.inputs == std::vector<double>{1, 2, 3, 4, 5, 6});
    CHECK(nested.targets == std::vector<int>{1, 0});
    // Bytes, such as pixels, become floats.
    CHECK(data::make_dataset(std::vector<unsigned char>{1, 255}, labels, 1).inputs ==
          std::vector<float>{1, 255});
}

TEST_CASE("ranges that make no dataset are errors", "[data][malformed]") {
    const std::vector<int> labels{1, 0};
    CHECK_THAT(failure([&] { data::make_dataset(by_rows, labels, 4); }),
               contains("6 numbers are no whole number of samples of 4"));
    CHECK_THAT(failure([&] { data::make_dataset(by_rows, labels, 0); }), contains("samples of 0"));
    CHECK_THAT(failure([&] { data::make_dataset(by_rows, labels, 2); }),
               contains("3 samples of inputs, but 2 of targets"));
    const std::vector<std::vector<float>> ragged{{}, {1, 2}}, empty;
    CHECK_THAT(failure([&] { data::make_dataset(ragged, labels); }),
               contains("row 1 has 2 numbers, the first one 0"));
    CHECK_THAT(failure([&] { data::make_dataset(empty, std::vector<int>{}); }),
               contains("at least one input"));
    const std::vector<std::int64_t> huge{1, std::int64_t(1) << 40};
    CHECK_THAT(failure([&] { data::make_dataset(by_rows, huge, 3); }),
               contains("the label 1099511627776 is no int"));
}
