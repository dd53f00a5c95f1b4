#pragma once

#include <cstddef>

namespace weft::graph {

/// An array of a number of elements that may be 0, with indices of any whole type: a graph's are ints.
template <class T, int N>
struct array {
    T elements[N > 0 ? N : 1];

    template <class I>
    constexpr T& operator[](I i) {
        return elements[i];
    }
    template <class I>
    constexpr const T& operator[](I i) const {
        return elements[i];
    }
    constexpr T* data() { return elements; }
    constexpr const T* data() const { return elements; }
    constexpr T* begin() { return elements; }
    constexpr const T* begin() const { return elements; }
    constexpr T* end() { return elements + N; }
    constexpr const T* end() const { return elements + N; }
    static constexpr std::size_t size() { return std::size_t(N); }
};

}  // namespace weft::graph
