#pragma once
/// Datasets from what a program already holds: Eigen's matrices, maps and tensors, and contiguous ranges.
/// Eigen is known here by what its types have, so that nobody pays for its headers.
///
///     const std::vector<std::array<float, 4>> rows = {{5.1f, 3.5f, 1.4f, 0.2f}, {7.0f, 3.2f, 4.7f, 1.4f}};
///     auto flowers = data::make_dataset(rows, std::vector<int>{0, 1});
///     const std::vector<float> numbers(8, 1);
///     auto same = data::make_dataset(numbers, std::vector<int>{0, 1}, 4);  // 4 numbers for each sample
///     static_assert(data::sample_array<decltype(rows)> && data::row_range<decltype(rows)>);
///     static_assert(data::number_range<decltype(numbers)>);
///     static_assert(!data::matrix_like<decltype(rows)> && !data::tensor_like<decltype(rows)>);

#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/message.hpp"
#include "dataset.hpp"

namespace weft::data {

/// An Eigen matrix, vector, map, block or expression.
template <class M>
concept matrix_like = requires(const M& m) {
    typename M::Scalar;
    m.rows();
    m.cols();
    m.eval();
    M::IsVectorAtCompileTime;
};

/// An Eigen tensor, or a map of one. Its first dimension counts the samples.
template <class T>
concept tensor_like = requires(const T& t) {
    typename T::Scalar;
    t.dimension(0);
    t.data();
    T::NumDimensions;
    T::Layout;
};

/// A contiguous range of numbers.
template <class R>
concept number_range = std::ranges::contiguous_range<const R> && std::ranges::sized_range<const R> &&
    std::is_arithmetic_v<std::ranges::range_value_t<const R>>;

/// A contiguous range of contiguous ranges of numbers, one for each sample.
template <class R>
concept row_range = std::ranges::contiguous_range<const R> && std::ranges::sized_range<const R> &&
    number_range<std::ranges::range_value_t<const R>>;

/// What make_dataset takes.
template <class A>
concept sample_array = matrix_like<A> || tensor_like<A> || row_range<A> || number_range<A>;

namespace detail {

/// What says itself how many numbers a sample has.
template <class A>
concept row_array = matrix_like<A> || tensor_like<A> || row_range<A>;

using weft::detail::decimal;

/// Numbers row-major, and how they fall into rows.
template <class T>
struct rows_of_numbers {
    std::vector<T> numbers;
    std::size_t rows = 0, width = 0;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_to_make(std::initializer_list<std::string_view> why) {
    weft::detail::raise_parts("cannot make dataset", "arrays", why);
}
// Not in the templates that call them, where nvcc 13 takes the lists apart.
[[noreturn]] inline void fail_on_label(const std::string& label) {
    fail_to_make({"the label ", label, " is no int"});
}
[[noreturn]] inline void fail_on_row(std::size_t row, std::size_t size, std::size_t first_size) {
    fail_to_make(
        {"row ", decimal(row), " has ", decimal(size), " numbers, the first one ", decimal(first_size)});
}
[[noreturn]] inline void fail_on_width(std::size_t numbers, std::size_t width) {
    fail_to_make({decimal(numbers), " numbers are no whole number of samples of ", decimal(width)});
}
[[noreturn]] inline void fail_on_rows(std::size_t inputs, std::size_t targets) {
    fail_to_make({decimal(inputs), " samples of inputs, but ", decimal(targets), " of targets"});
}

/// A number as T. Error for labels that T has not.
template <class T, class S>
T converted(S value) {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<S>)
        if (!std::in_range<T>(+value)) fail_on_label(std::to_string(value));
    return T(value);
}

template <class A>
auto scalar_of() {
    if constexpr (row_range<A>)
        return std::ranges::range_value_t<std::ranges::range_value_t<const A>>{};
    else if constexpr (number_range<A>)
        return std::ranges::range_value_t<const A>{};
    else
        return typename A::Scalar{};
}

/// Inputs are float or double; targets too, or labels.
template <class A>
using input_of = std::conditional_t<std::is_same_v<decltype(scalar_of<A>()), double>, double, float>;
template <class A>
using target_of = std::conditional_t<std::is_integral_v<decltype(scalar_of<A>())>, int, input_of<A>>;

/// An array by rows, whatever order its numbers lie in. A range of numbers, and what is a vector by its type,
/// has rows of `width` numbers.
template <class T, class A>
rows_of_numbers<T> by_rows(const A& array, std::size_t width) {
    rows_of_numbers<T> result;
    if constexpr (row_range<A>) {
        result.rows = std::ranges::size(array);
        result.width = result.rows == 0 ? 0 : std::ranges::size(*std::ranges::begin(array));
        for (std::size_t r = 0; r < result.rows; ++r) {
            const auto& row = std::ranges::data(array)[r];
            if (std::ranges::size(row) != result.width) fail_on_row(r, std::ranges::size(row), result.width);
            for (const auto& x : row) result.numbers.push_back(converted<T>(x));
        }
        return result;
    } else if constexpr (number_range<A>) {
        result.numbers.reserve(std::ranges::size(array));
        for (const auto& x : array) result.numbers.push_back(converted<T>(x));
    } else if constexpr (matrix_like<A>) {
        const auto copy = [&](const auto& matrix) {
            result.rows = std::size_t(matrix.rows());
            result.width = std::size_t(matrix.cols());
            result.numbers.reserve(result.rows * result.width);
            for (std::ptrdiff_t r = 0; r < matrix.rows(); ++r)
                for (std::ptrdiff_t c = 0; c < matrix.cols(); ++c)
                    result.numbers.push_back(converted<T>(matrix.coeff(r, c)));
        };
        if constexpr (requires { array.data(); }) {
            copy(array);
        } else {
            copy(array.eval());  // an expression, which may cost more for each number
        }
        if constexpr (!A::IsVectorAtCompileTime) return result;
    } else {
        constexpr std::size_t rank = std::size_t(A::NumDimensions);
        static_assert(rank > 0, "weft: a tensor without dimensions holds no samples");
        std::size_t extent[rank], stride[rank], total = 1;
        // Column-major is 0, row-major 1: the stride grows from the first dimension on, or from the last.
        for (std::size_t k = 0; k < rank; ++k) {
            const std::size_t d = A::Layout == 0 ? k : rank - 1 - k;
            extent[d] = std::size_t(array.dimension(d));
            stride[d] = total;
            total *= extent[d];
        }
        result.numbers.reserve(total);
        for (std::size_t i = 0; i < total; ++i) {
            std::size_t rest = i, at = 0;
            for (std::size_t d = rank; d-- > 0; rest /= extent[d]) at += rest % extent[d] * stride[d];
            result.numbers.push_back(converted<T>(array.data()[at]));
        }
        if constexpr (rank > 1) {
            result.rows = extent[0];
            result.width = extent[0] == 0 ? 0 : total / extent[0];
            return result;
        }
    }
    if (width == 0 || result.numbers.size() % width != 0) fail_on_width(result.numbers.size(), width);
    result.rows = result.numbers.size() / width;
    result.width = width;
    return result;
}

template <class Inputs, class Targets>
dataset<input_of<Inputs>, target_of<Targets>> make_dataset(const Inputs& inputs, const Targets& targets,
                                                           std::size_t input_size, std::size_t target_size,
                                                           std::vector<std::string>&& class_names) {
    auto x = by_rows<input_of<Inputs>>(inputs, input_size);
    auto y = by_rows<target_of<Targets>>(targets, target_size);
    if (x.rows != y.rows) fail_on_rows(x.rows, y.rows);
    return {std::move(x.numbers), std::move(y.numbers), x.width, y.width, std::move(class_names)};
}

}  // namespace detail

/// A dataset from inputs with a sample in each row, and a row of targets for each: Eigen matrices and maps
/// (whether they are row- or column-major: copied by rows), Eigen tensors (the first dimension counts the
/// samples; the others follow row-major, as layers take them), or contiguous ranges of rows such as
/// std::vector<std::array<float, 4>>. What is a vector by its type, or a range of numbers, has one number for
/// each sample. Whole numbers as targets are labels. Error where inputs and targets are not of as many
/// samples, rows differ in length, or a label is no int.
template <detail::row_array Inputs, sample_array Targets>
auto make_dataset(const Inputs& inputs, const Targets& targets, std::vector<std::string> class_names = {}) {
    return detail::make_dataset(inputs, targets, 1, 1, std::move(class_names));
}

/// The same from a contiguous range of numbers, `input_size` for each sample, row-major.
template <number_range Inputs, sample_array Targets>
auto make_dataset(const Inputs& inputs, const Targets& targets, std::size_t input_size,
                  std::size_t target_size = 1, std::vector<std::string> class_names = {}) {
    return detail::make_dataset(inputs, targets, input_size, target_size, std::move(class_names));
}

}  // namespace weft::data
