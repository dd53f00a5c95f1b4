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

/// Turns a square of narrow packets: rows at from[l] + p, columns at out + l * pitch.
template <class T>
void turn_square(const T* const* from, std::ptrdiff_t p, T* out, std::ptrdiff_t pitch) {
    using namespace Eigen::internal;
    using Packet = typename narrow<T>::type;
    constexpr int lanes = tile<T>::narrow_lanes;
    PacketBlock<Packet, lanes> block;
    WEFT_UNROLL(16)
    for (int l = 0; l < lanes; ++l) block.packet[l] = ploadu<Packet>(from[l] + p);
    ptranspose(block);
    WEFT_UNROLL(16)
    for (int l = 0; l < lanes; ++l) pstoreu(out + l * pitch, block.packet[l]);
}

/// Fills the first `width` columns of a panel, [depth x tile columns]. Column j is contiguous and starts at
/// b + offsets[j]. Beyond `columns` the last one is repeated; nobody reads what comes of it.
template <class T>
[[gnu::noinline]] void pack_transposed(const T* b, const std::ptrdiff_t* offsets, std::ptrdiff_t depth,
                                       int columns, int width, T* panel) {
    constexpr int lanes = tile<T>::narrow_lanes, pitch = tile<T>::columns;
    if (depth < lanes) {
        for (int j = 0; j < width; ++j)
            for (std::ptrdiff_t p = 0; p < depth; ++p)
                panel[p * pitch + j] = b[offsets[j < columns ? j : columns - 1] + p];
        return;
    }
    for (int j = 0; j < width; j += lanes) {
        const T* from[lanes];
        for (int l = 0; l < lanes; ++l) from[l] = b + offsets[j + l < columns ? j + l : columns - 1];
        for (std::ptrdiff_t next = 0; next < depth; next += lanes) {
            // The last square overlaps the one before.
            const std::ptrdiff_t p = next + lanes <= depth ? next : depth - lanes;
            turn_square(from, p, panel + p * pitch + j, pitch);
        }
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
                WEFT_UNROLL(8)
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
