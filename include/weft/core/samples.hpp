#pragma once

#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>

#include "error.hpp"

/// Samples as users hold them: in ranges, in matrices, on a device.
namespace weft::detail {

/// A matrix, an array or a map of Eigen's, or what looks like one.
template <class M>
concept eigen_matrix = requires(const std::remove_cvref_t<M>& m) {
    m.data();
    m.innerStride();
    m.outerStride();
    std::remove_cvref_t<M>::IsRowMajor;
};
/// A tensor or a map of one.
template <class M>
concept eigen_tensor = requires(const std::remove_cvref_t<M>& m) {
    m.data();
    m.dimensions();
    std::remove_cvref_t<M>::Layout;
};
template <class M>
concept matrix_like = eigen_matrix<M> || eigen_tensor<M>;

/// All numbers of a range, a matrix or a tensor, sample after sample, where they are. `T` is what they must
/// be, or void.
template <class T = void, class M>
auto numbers_in(M& m) {
    using number = std::remove_pointer_t<decltype(std::data(m))>;
    constexpr bool fits =
        std::is_void_v<T> || std::is_same_v<std::remove_const_t<number>, std::remove_const_t<T>>;
    if constexpr (matrix_like<M> && !fits) {
        static_assert(fits, "weft: the model's numbers are of another type than the matrix's");
        return std::span<T>();
    } else if constexpr (matrix_like<M>) {
        using matrix = std::remove_cvref_t<M>;
        if constexpr (eigen_tensor<M>) {
            static_assert(int(matrix::Layout) == 1,
                          "weft: a sample's numbers lie one after the other: give a row-major tensor");
        } else {
            constexpr bool vector = matrix::RowsAtCompileTime == 1 || matrix::ColsAtCompileTime == 1;
            static_assert(matrix::IsRowMajor || vector,
                          "weft: a sample's numbers lie one after the other: give a row-major matrix with a "
                          "sample in each row, or the transpose() of a column-major one with a sample in "
                          "each column");
            if (m.size() > 1 && (m.innerStride() != 1 || (!vector && m.outerStride() != m.cols())))
                raise("cannot read a matrix", std::to_string(m.rows()) + " x " + std::to_string(m.cols()),
                      "there are gaps between its numbers in memory: give a copy");
        }
        return std::span<number>(m.data(), std::size_t(m.size()));
    } else {
        return std::span(m);
    }
}

/// A vector in a device's memory, whose address a pointer of its library wraps.
template <class V>
concept device_range = requires(const V& v) {
    v.data().get();
    v.size();
};
/// Its address for a policy of that memory.
template <class Memory, class T, class V>
typename Memory::template pointer<T> numbers_there(V& v) {
    static_assert(std::is_same_v<typename std::remove_const_t<V>::value_type, std::remove_const_t<T>>,
                  "weft: the model's numbers are of another type than the vector's");
    return typename Memory::template pointer<T>(v.data().get());
}

/// Are all numbers finite? Every product with zero then is zero, so that one sum tells, in lanes of its own.
template <class T>
bool is_finite(std::span<const T> x) {
    constexpr std::size_t width = 16;
    T probe[width] = {};
    std::size_t i = 0;
    for (; i + width <= x.size(); i += width)
        for (std::size_t k = 0; k < width; ++k) probe[k] += x[i + k] * T(0);
    for (; i < x.size(); ++i) probe[0] += x[i] * T(0);
    for (T p : probe)
        if (p != T(0)) return false;
    return true;
}

/// Error that names the first of samples of `size` numbers that has one that is not finite.
template <class T>
void check_samples(const char* what, std::span<const T> x, std::size_t size, const char* kind,
                   std::size_t first_sample = 0) {
    if constexpr (std::is_floating_point_v<T>) {
        if (is_finite(x)) return;
        for (std::size_t i = 0; i < x.size(); ++i)
            if (!(x[i] - x[i] == 0))
                raise(what, "sample " + std::to_string(first_sample + i / size),
                      std::string(kind) + " " + std::to_string(i % size) + " is " +
                          (x[i] != x[i] ? "not a number"
                           : x[i] > 0   ? "infinite"
                                        : "minus infinite"));
    }
}
}  // namespace weft::detail
