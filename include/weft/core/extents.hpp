#pragma once

#include "../config.hpp"

namespace weft {

/// A shape as a value: up to four sizes, the batch left out, outermost first ([channels, height, width]). No
/// errors.
///
///     constexpr extents image(3, 32, 32);
///     static_assert(image.rank == 3 && image.size() == 3072 && image.last() == 32);
struct extents {
    static constexpr int max_rank = 4;
    int rank = 0;
    int at[max_rank] = {};

    constexpr extents() = default;
    constexpr explicit extents(int a) : rank(1), at{a} {}
    constexpr extents(int a, int b) : rank(2), at{a, b} {}
    constexpr extents(int a, int b, int c) : rank(3), at{a, b, c} {}
    constexpr extents(int a, int b, int c, int d) : rank(4), at{a, b, c, d} {}

    constexpr int operator[](int i) const { return at[i]; }
    constexpr int last() const { return at[rank - 1]; }
    /// The number of elements.
    constexpr int size() const {
        int product = 1;
        for (int i = 0; i < rank; ++i) product *= at[i];
        return product;
    }
    /// The number of elements of the sizes [first, last).
    constexpr int product(int first, int last) const {
        int result = 1;
        for (int i = first; i < last; ++i) result *= at[i];
        return result;
    }
    constexpr bool operator==(const extents& other) const {
        if (rank != other.rank) return false;
        for (int i = 0; i < rank; ++i)
            if (at[i] != other.at[i]) return false;
        return true;
    }
};

}  // namespace weft
