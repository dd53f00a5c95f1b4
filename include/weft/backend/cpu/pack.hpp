#pragma once

#include "gemm_kernel.hpp"

namespace weft::cpu_backend {

/// A matrix in memory: element (i, j) at data[i * row_stride + j * col_stride]. One of the strides is 1.
template <class T>
struct matrix_ref {
    const T* data;
    std::ptrdiff_t row_stride, col_stride;

    constexpr const T* at(std::ptrdiff_t i, std::ptrdiff_t j) const {
        return data + i * row_stride + j * col_stride;
    }
};

// A packet type keeps its alignment without being asked.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

/// Fills one panel, [depth x tile columns], with `columns` columns of b and zeros up to whole packets. Column
/// j is contiguous and starts at b + offsets[j]: squares of packets are turned.
template <class T>
[[gnu::noinline]] void pack_transposed(const T* b, const std::ptrdiff_t* offsets, std::ptrdiff_t depth,
                                       int columns, T* panel) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes, width = tile<T>::columns;
    for (int j = 0; j < columns; j += lanes) {
        const int valid = columns - j < lanes ? columns - j : lanes;
        std::ptrdiff_t p = 0;
        for (; p + lanes <= depth; p += lanes) {
            PacketBlock<packet<T>, lanes> block;
            for (int l = 0; l < lanes; ++l)
                block.packet[l] =
                    l < valid ? ploadu<packet<T>>(b + offsets[j + l] + p) : pset1<packet<T>>(T(0));
            ptranspose(block);
            for (int l = 0; l < lanes; ++l) pstoreu(panel + (p + l) * width + j, block.packet[l]);
        }
        for (; p < depth; ++p)
            for (int l = 0; l < lanes; ++l)
                panel[p * width + j + l] = l < valid ? b[offsets[j + l] + p] : T(0);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// The same where rows of b are contiguous.
template <class T>
[[gnu::noinline]] void pack_straight(const T* b, std::ptrdiff_t b_row, std::ptrdiff_t depth, int columns,
                                     T* panel) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes, width = tile<T>::columns;
    const int whole = columns / lanes * lanes;
    for (std::ptrdiff_t p = 0; p < depth; ++p, b += b_row, panel += width) {
        for (int j = 0; j < whole; j += lanes) pstoreu(panel + j, ploadu<packet<T>>(b + j));
        if (whole < columns)
            for (int j = whole; j < whole + lanes; ++j) panel[j] = j < columns ? b[j] : T(0);
    }
}

/// Packs rows of a into tiles of `tile_rows` rows, [depth x rows] each, one after another.
template <class T>
[[gnu::noinline]] void pack_rows(matrix_ref<T> a, std::ptrdiff_t rows, std::ptrdiff_t depth, T* out) {
    for (std::ptrdiff_t i = 0; i < rows;) {
        const int height = tile_rows<T>(rows - i);
        const T* source = a.at(i, 0);
        if (height == tile<T>::rows && a.row_stride == 1) {
            for (std::ptrdiff_t p = 0; p < depth; ++p, source += a.col_stride, out += tile<T>::rows) {
#pragma GCC unroll 8
                for (int r = 0; r < tile<T>::rows; ++r) out[r] = source[r];
            }
        } else {
            for (std::ptrdiff_t p = 0; p < depth; ++p, source += a.col_stride)
                for (int r = 0; r < height; ++r) *out++ = source[r * a.row_stride];
        }
        i += height;
    }
}

}  // namespace weft::cpu_backend
