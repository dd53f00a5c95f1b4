#pragma once

#include "../execution/block.hpp"
#include "../execution/elements.hpp"

namespace weft::cuda_backend {

/// What both factors of a product are stored as, and bring to shared memory or registers.
template <class Chain, class T>
using factor_type = input_type<Chain, 0, T>;

/// A factor with constant strides, one of which is 1: that along the depth, or that from line to line.
template <class T, bool AlongDepth>
struct strided_lines {
    using number = T;
    static constexpr bool along_depth = AlongDepth;
    static constexpr int width = pack<T>::size;
    struct line {  // an offset, since of an address a compiler may not know that it is global memory's
        std::int64_t offset;
        int count;  ///< of lines from this one on
    };
    const T* data;
    std::int64_t stride, z_stride;  ///< between lines, or depths where lines are contiguous
    int lines;
    bool packs;

    /// Of `lines` lines of `depth` numbers.
    strided_lines(const T* of, std::int64_t stride_of, int lines_of, int depth, std::int64_t z_stride_of = 0)
        : data(of),
          stride(stride_of),
          z_stride(z_stride_of),
          lines(lines_of),
          packs(pack<T>::aligned(of) && stride % width == 0 && z_stride % width == 0 &&
                (along_depth ? depth : lines) % width == 0) {}

    WEFT_DEVICE line line_of(int z, int i) const {
        return {z * z_stride + (along_depth ? i * stride : i), lines - i};
    }
    WEFT_DEVICE T at(const line& l, int k) const {
        return l.count > 0 ? data[l.offset + (along_depth ? k : k * stride)] : T(0);
    }
    /// Packs begin at multiples of their width.
    WEFT_DEVICE void load(const line& l, int k, int last, T* to) const {
        const T* const from = data + (l.offset + (along_depth ? k : k * stride));
        const int room = along_depth ? last - k : l.count;
        const bool inside = (along_depth ? l.count : last - k) > 0;
        if (packs) {
            pack<T> p{};
            if (inside && room > 0) p = pack<T>::load(from);
            for (int e = 0; e < width; ++e) to[e] = p.at[e];
        } else {
            for (int e = 0; e < width; ++e) to[e] = inside && e < room ? from[e] : T(0);
        }
    }
};

/// Results in rows of `row_stride`, one matrix after the other.
template <class T>
struct matrix_result {
    std::int64_t row_stride, z_stride;
    bool packs;

    matrix_result(std::int64_t rows, std::int64_t columns)
        : row_stride(columns), z_stride(rows * columns), packs(columns % pack<T>::size == 0) {}
    WEFT_DEVICE std::int64_t column(int z, int j) const { return z * z_stride + j; }
};

}  // namespace weft::cuda_backend
