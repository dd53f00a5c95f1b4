#pragma once

#include <cstddef>

#include "../reductions/scratch_rows.hpp"
#include "results.hpp"

namespace weft::cuda_backend {

/// No steps follow.
struct no_tail {
    template <class T>
    WEFT_DEVICE T after(T x, std::int64_t) const {
        return x;
    }
    template <class T, int N>
    WEFT_DEVICE void after(T (&)[N], std::int64_t) const {}
};

/// How many blocks keep a large device busy. A constant, so that the order of sums does not depend on the
/// device.
inline constexpr std::int64_t wanted_blocks = 264;

/// Cuts the depth of a product of `tiles` tiles so that there are enough blocks, but each still has `least`
/// of it to sum; cuts are at multiples of `unit`.
constexpr void split_depth(product_sizes& s, std::int64_t tiles, int unit, int least) {
    const std::int64_t wanted = tiles < wanted_blocks ? pieces(wanted_blocks, tiles) : 1,
                       possible = s.depth / least;
    const std::int64_t parts = wanted < possible ? wanted : possible;
    s.split_depth = parts < 2 ? s.depth : int(pieces(pieces(s.depth, parts), unit) * unit);
    s.splits = s.depth == 0 ? 1 : int(pieces(s.depth, s.split_depth));
}

/// Numbers between the parts of two splits: parts begin where packs may.
constexpr std::int64_t part_stride(std::int64_t size) { return pieces(size, 4) * 4; }

/// What takes the sums of the parts of a product that was cut: out = tail(sum). Of `all` numbers, those after
/// the first `size` are line sums.
template <class T, class Tail, class Out>
struct finished_parts {
    Out* out;
    T* line_sums;
    Tail tail;
    std::int64_t all, size;

    WEFT_DEVICE bool wants(std::int64_t i) const { return i < all; }
    WEFT_DEVICE void put(std::int64_t i, T sum) const {
        if (i < size)
            out[i] = Out(tail.after(sum, i));
        else
            line_sums[i - size] = sum;
    }
};

/// Where a product's results go: `out`, or the line sums of its left factor, or parts of both. Only what is
/// finished may be stored narrower than what is computed with.
template <class T, class Out>
struct product_outputs {
    Out* out;
    T *line_sums, *scratch;
};

/// Numbers in one split's part.
constexpr std::int64_t part_size(const product_sizes& s, bool line_sums) {
    return std::int64_t(s.count) * s.rows * (s.columns + (line_sums ? 1 : 0));
}
/// Scratch that a product needs.
constexpr std::size_t parts_scratch(const product_sizes& s, bool line_sums) {
    return s.splits < 2 ? 0 : std::size_t(s.splits * part_stride(part_size(s, line_sums)));
}

template <class Device, class T, class Out, class Tail>
void add_parts(const Device& device, const product_sizes& s, const product_outputs<T, Out>& to,
               const Tail& tail) {
    const std::int64_t all = part_size(s, to.line_sums != nullptr);
    sum_rows<row_order::in_turn>(
        device, to.scratch, part_stride(all), s.splits, all,
        finished_parts<T, Tail, Out>{to.out, to.line_sums, tail, all, part_size(s, false)});
}

}  // namespace weft::cuda_backend
