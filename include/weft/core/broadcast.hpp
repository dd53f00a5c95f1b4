#pragma once

#include "extents.hpp"

namespace weft {

/// Which indices of the larger operand the smaller one varies with.
enum class broadcast_pattern { all, middle, suffix, none };

/// How a shape repeats to fill another, as [outer, channels, inner].
struct broadcasting {
    bool possible = false;
    broadcast_pattern varies = broadcast_pattern::all;
    int outer = 1, channels = 1, inner = 1;
};

/// NumPy's rule on shapes aligned at the right: each size of `y` is x's or 1. What varies must be one run of
/// x's sizes; if y differs from sample to sample, the run must also be at an end ([1, H, 1] against [C, H, W]
/// is not).
constexpr broadcasting broadcast(const extents& x, const extents& y, bool per_sample) {
    broadcasting result;
    if (y.rank > x.rank) return result;
    int first = -1, last = -1, count = 0;
    bool whole = true;
    for (int i = 0; i < x.rank; ++i) {
        const int from_right = x.rank - i;
        const int size = from_right > y.rank ? 1 : y[y.rank - from_right];
        if (size != x[i] && size != 1) return result;
        if (x[i] == 1) continue;
        if (size == 1) {
            whole = false;
            continue;
        }
        if (first >= 0 && x.product(last + 1, i) > 1) return result;
        if (first < 0) first = i;
        last = i;
        ++count;
    }
    result.possible = true;
    result.inner = x.size();
    if (whole) return result;
    if (count == 0) {
        result.varies = broadcast_pattern::none;
        return result;
    }
    result.varies = broadcast_pattern::middle;
    result.outer = x.product(0, first);
    result.channels = x.product(first, last + 1);
    result.inner = x.product(last + 1, x.rank);
    if (per_sample && result.outer > 1) {
        result.possible = result.inner == 1;
        result.varies = broadcast_pattern::suffix;
        result.inner = result.channels;
        result.channels = result.outer;
        result.outer = 1;
    }
    return result;
}

}  // namespace weft
