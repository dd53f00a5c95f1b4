#pragma once

#include <cstddef>

#include "../../config.hpp"
#include "eigen.hpp"

namespace weft::cpu_backend {

template <class T>
using packet = typename Eigen::internal::packet_traits<T>::type;

/// The register tile: `rows` rows of `packets` packets of accumulators, one broadcast number and `packets`
/// packets of the right-hand side, which is what the registers hold.
template <class T>
struct tile {
    static constexpr int lanes = Eigen::internal::unpacket_traits<packet<T>>::size;
    static constexpr int rows = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 8 : 4;
    static constexpr int packets = 3;
    static constexpr int columns = packets * lanes;
    /// Rows and columns of a tile of dot products.
    static constexpr int dot_rows = 4;
    static constexpr int dot_columns = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 6 : 2;
};

/// c[R x P packets] (+)= a[R x depth] * b[depth x P packets]. Row p of b starts at b + offsets[p], so b can
/// be a matrix, a packed panel, or the shifted views of an image. Each element is one chain of multiply-adds
/// over the depth, so it does not depend on the shape of the tile around it.
template <int R, int P, class T>
void multiply_tile(std::ptrdiff_t depth, const T* a, std::ptrdiff_t a_row, std::ptrdiff_t a_col, const T* b,
                   const std::ptrdiff_t* offsets, T* c, std::ptrdiff_t ldc, bool accumulate) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes;
    packet<T> sum[R][P];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
        for (int q = 0; q < P; ++q) sum[r][q] = pset1<packet<T>>(T(0));
    }
    for (std::ptrdiff_t p = 0; p < depth; ++p, a += a_col) {
        const T* row = b + offsets[p];
        packet<T> right[P];
#pragma GCC unroll 16
        for (int q = 0; q < P; ++q) right[q] = ploadu<packet<T>>(row + q * lanes);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const packet<T> left = pset1<packet<T>>(a[r * a_row]);
#pragma GCC unroll 16
            for (int q = 0; q < P; ++q) sum[r][q] = pmadd(left, right[q], sum[r][q]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
        for (int q = 0; q < P; ++q) {
            T* out = c + r * ldc + q * lanes;
            pstoreu(out, accumulate ? padd(ploadu<packet<T>>(out), sum[r][q]) : sum[r][q]);
        }
    }
}

template <class T>
using tile_function = void (*)(std::ptrdiff_t, const T*, std::ptrdiff_t, std::ptrdiff_t, const T*,
                               const std::ptrdiff_t*, T*, std::ptrdiff_t, bool);

/// The kernel for a tile of `rows` (8, 4, 2 or 1) by `packets` (1 to 3).
template <class T>
tile_function<T> tile_kernel(int rows, int packets) {
    constexpr int most = tile<T>::rows;
    static constexpr tile_function<T> kernels[4][3] = {
        {multiply_tile<1, 1, T>, multiply_tile<1, 2, T>, multiply_tile<1, 3, T>},
        {multiply_tile<2, 1, T>, multiply_tile<2, 2, T>, multiply_tile<2, 3, T>},
        {multiply_tile<4, 1, T>, multiply_tile<4, 2, T>, multiply_tile<4, 3, T>},
        {multiply_tile<most, 1, T>, multiply_tile<most, 2, T>, multiply_tile<most, 3, T>}};
    return kernels[rows == 1 ? 0 : rows == 2 ? 1 : rows == 4 ? 2 : 3][packets - 1];
}

/// The rows of the next tile when `left` remain.
template <class T>
constexpr int tile_rows(std::ptrdiff_t left) {
    return left >= tile<T>::rows ? tile<T>::rows : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/// The packets of the next tile when `left` packets remain: four are two and two, not three and one.
constexpr int tile_packets(std::ptrdiff_t left) { return left == 4 ? 2 : left >= 3 ? 3 : int(left); }

/// out[i] = the sum of a packet of partial sums.
template <class T>
[[gnu::noinline]] void add_lanes(const T* partial, int count, T* out) {
    for (int i = 0; i < count; ++i)
        out[i] = Eigen::internal::predux(Eigen::internal::pload<packet<T>>(partial + i * tile<T>::lanes));
}

/// c[R x Q] (+)= a[R x depth] * b[Q x depth]^T, both read along their rows: nothing to pack, good where one
/// side is a few rows. Row q of b starts at b + offsets[q]. The sum runs over `repeats` such pairs, a_step
/// and b_step apart. Each element is one packet of partial sums, added up, then what a packet does not cover
/// (one pair only).
template <int R, int Q, class T>
void dot_tile(std::ptrdiff_t depth, const T* a, std::ptrdiff_t a_row, const T* b,
              const std::ptrdiff_t* offsets, T* c, std::ptrdiff_t ldc, bool accumulate,
              std::ptrdiff_t repeats, std::ptrdiff_t a_step, std::ptrdiff_t b_step) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes;
    packet<T> sum[R][Q];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
        for (int q = 0; q < Q; ++q) sum[r][q] = pset1<packet<T>>(T(0));
    }
    const std::ptrdiff_t whole = depth / lanes * lanes;
    for (std::ptrdiff_t repeat = 0; repeat < repeats; ++repeat) {
        const T* left_rows[R];
        const T* right_rows[Q];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) left_rows[r] = a + repeat * a_step + r * a_row;
#pragma GCC unroll 16
        for (int q = 0; q < Q; ++q) right_rows[q] = b + repeat * b_step + offsets[q];
        for (std::ptrdiff_t p = 0; p < whole; p += lanes) {
            packet<T> left[R];
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) left[r] = ploadu<packet<T>>(left_rows[r] + p);
#pragma GCC unroll 16
            for (int q = 0; q < Q; ++q) {
                const packet<T> right = ploadu<packet<T>>(right_rows[q] + p);
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) sum[r][q] = pmadd(left[r], right, sum[r][q]);
            }
        }
    }
    alignas(64) T partial[R * Q * lanes];
    T total[R * Q];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
        for (int q = 0; q < Q; ++q) pstore(partial + (r * Q + q) * lanes, sum[r][q]);
    }
    add_lanes(partial, R * Q, total);
    for (int r = 0; r < R; ++r)
        for (int q = 0; q < Q; ++q) {
            T value = total[r * Q + q];
            for (std::ptrdiff_t p = whole; p < depth; ++p)
                value = pmadd(a[r * a_row + p], b[offsets[q] + p], value);
            T& out = c[r * ldc + q];
            out = accumulate ? out + value : value;
        }
}

template <class T>
using dot_function = void (*)(std::ptrdiff_t, const T*, std::ptrdiff_t, const T*, const std::ptrdiff_t*, T*,
                              std::ptrdiff_t, bool, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t);

/// The kernel for a tile of `rows` (tile::dot_rows or 1) by `columns` (tile::dot_columns or 1).
template <class T>
dot_function<T> dot_kernel(int rows, int columns) {
    constexpr int R = tile<T>::dot_rows, Q = tile<T>::dot_columns;
    return rows == R ? (columns == Q ? dot_tile<R, Q, T> : dot_tile<R, 1, T>)
                     : (columns == Q ? dot_tile<1, Q, T> : dot_tile<1, 1, T>);
}

}  // namespace weft::cpu_backend
