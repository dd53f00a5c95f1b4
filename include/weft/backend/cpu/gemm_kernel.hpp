#pragma once

#include <cstddef>

#include "../../config.hpp"
#include "eigen.hpp"

namespace weft::cpu_backend {

template <class T>
using packet = typename Eigen::internal::packet_traits<T>::type;

// A packet type keeps its alignment without being asked.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

/// Half a packet of 64 bytes, else a whole one: what an edge is made of where wide packets run as two halves.
template <class T, bool Wide = sizeof(packet<T>) == 64>
struct narrow {
    using type = typename Eigen::internal::unpacket_traits<packet<T>>::half;
    static constexpr int lanes = Eigen::internal::unpacket_traits<packet<T>>::size / 2;
};
template <class T>
struct narrow<T, false> {
    using type = packet<T>;
    static constexpr int lanes = Eigen::internal::unpacket_traits<packet<T>>::size;
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// The packets of a tile that is P packets wide; of one that is none, a narrow one.
template <class T, int P>
struct tile_packet {
    using type = packet<T>;
};
template <class T>
struct tile_packet<T, 0> : narrow<T> {};

/// The register tile: `rows` rows of `packets` packets of accumulators, one broadcast number and `packets`
/// packets of the right-hand side, which is what the registers hold.
template <class T>
struct tile {
    static constexpr int lanes = Eigen::internal::unpacket_traits<packet<T>>::size;
    static constexpr int rows = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 8 : 4;
#ifdef EIGEN_HAS_SINGLE_INSTRUCTION_MADD
    static constexpr int packets = 3;
#else
    static constexpr int packets = 2;  // products need registers of their own
#endif
    static constexpr int narrow_lanes = narrow<T>::lanes;
    static constexpr int columns = packets * lanes;
    /// Rows and columns of a tile of dot products.
    static constexpr int dot_rows = 4;
    static constexpr int dot_columns = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 6 : 2;
};

/// c[R x P packets] (+)= a[R x depth] * b[depth x P packets], where no packets are a narrow one. Row p of b
/// starts at b + offsets[p], so b can be a matrix, a packed panel, or the shifted views of an image. Each
/// element is one chain of multiply-adds over the depth, so it does not depend on the shape of the tile
/// around it.
template <int R, int P, class T>
void multiply_tile(std::ptrdiff_t depth, const T* a, std::ptrdiff_t a_row, std::ptrdiff_t a_col, const T* b,
                   const std::ptrdiff_t* offsets, T* c, std::ptrdiff_t ldc, bool accumulate) {
    using namespace Eigen::internal;
    using Packet = typename tile_packet<T, P>::type;
    constexpr int Q = P == 0 ? 1 : P, lanes = P == 0 ? tile<T>::narrow_lanes : tile<T>::lanes;
    Packet sum[R][Q];
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) {
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) sum[r][q] = pset1<Packet>(T(0));
    }
    // Clang would unroll eight times: no faster, and slower to compile.
    WEFT_UNROLL(2)
    for (std::ptrdiff_t p = 0; p < depth; ++p) {
        const T* row = b + offsets[p];
        Packet right[Q];
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) right[q] = ploadu<Packet>(row + q * lanes);
        WEFT_UNROLL(16)
        for (int r = 0; r < R; ++r) {
            const Packet left = pset1<Packet>(a[p * a_col + r * a_row]);
            WEFT_UNROLL(16)
            for (int q = 0; q < Q; ++q) sum[r][q] = pmadd(left, right[q], sum[r][q]);
        }
    }
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) {
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) {
            T* out = c + r * ldc + q * lanes;
            pstoreu(out, accumulate ? padd(ploadu<Packet>(out), sum[r][q]) : sum[r][q]);
        }
    }
}

template <class T>
using tile_function = void (*)(std::ptrdiff_t, const T*, std::ptrdiff_t, std::ptrdiff_t, const T*,
                               const std::ptrdiff_t*, T*, std::ptrdiff_t, bool);

/// The kernel for a tile of `rows` (8, 4, 2 or 1) by `packets` (0 to tile::packets).
template <class T>
tile_function<T> tile_kernel(int rows, int packets) {
    constexpr int most = tile<T>::rows, wide = tile<T>::packets;
    // Without narrow packets nobody asks for zero of them.
    constexpr int none = tile<T>::narrow_lanes < tile<T>::lanes ? 0 : 1;
    static constexpr tile_function<T> kernels[4][4] = {
        {multiply_tile<1, none, T>, multiply_tile<1, 1, T>, multiply_tile<1, 2, T>,
         multiply_tile<1, wide, T>},
        {multiply_tile<2, none, T>, multiply_tile<2, 1, T>, multiply_tile<2, 2, T>,
         multiply_tile<2, wide, T>},
        {multiply_tile<4, none, T>, multiply_tile<4, 1, T>, multiply_tile<4, 2, T>,
         multiply_tile<4, wide, T>},
        {multiply_tile<most, none, T>, multiply_tile<most, 1, T>, multiply_tile<most, 2, T>,
         multiply_tile<most, wide, T>}};
    return kernels[rows == 1 ? 0 : rows == 2 ? 1 : rows == 4 ? 2 : 3][packets];
}

/// The rows of the next tile when `left` remain.
template <class T>
constexpr int tile_rows(std::ptrdiff_t left) {
    return left >= tile<T>::rows ? tile<T>::rows : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/// The packets of the next tile when `left` packets remain: four are two and two, not three and one.
template <class T>
constexpr int tile_packets(std::ptrdiff_t left) {
    return left == 4 ? 2 : left >= tile<T>::packets ? tile<T>::packets : int(left);
}

/// The packets of the next tile when `left` columns remain: none where a narrow one holds them.
template <class T>
constexpr int next_packets(std::ptrdiff_t left) {
    constexpr int lanes = tile<T>::lanes, narrow = tile<T>::narrow_lanes;
    return tile_packets<T>((left + narrow - 1) / narrow * narrow / lanes);
}
template <class T>
constexpr int tile_width(int packets) {
    return packets == 0 ? tile<T>::narrow_lanes : packets * tile<T>::lanes;
}

/// out[i] = in[i], in a row.
template <class T>
[[gnu::noinline]] void copy_row(const T* in, std::ptrdiff_t size, T* out) {
    constexpr int lanes = tile<T>::lanes;
    std::ptrdiff_t i = 0;
    for (; i + lanes <= size; i += lanes)
        Eigen::internal::pstoreu(out + i, Eigen::internal::ploadu<packet<T>>(in + i));
    for (; i < size; ++i) out[i] = in[i];
}

/// Dot products of the rows of two sides, each read along its rows: nothing to pack, good where one side is a
/// few rows. Both run over `repeats` stretches, left_step and right_step apart.
template <class T>
struct dots {
    std::ptrdiff_t depth;
    const T* left;  // row r at left + r * left_row
    std::ptrdiff_t left_row, left_step;
    /// What whole packets leave of the depth (one stretch, at least one packet): the last numbers of each
    /// left row, after zeros, in one packet a row. The right side's last packet overlaps the one before. Or
    /// null.
    const T* left_end;
    const T* right;  // row q at right + offsets[q]
    const std::ptrdiff_t* offsets;
    std::ptrdiff_t right_step;
    std::ptrdiff_t repeats;
    T* out;  // of rows r and q: out[r * out_row + q * out_column]
    std::ptrdiff_t out_row, out_column;
    bool accumulate;
};

/// Adds up each packet of partial sums, [rows x stride] of them, and stores or adds the first `columns` of a
/// row.
template <class T>
[[gnu::noinline]] void add_lanes(const T* partial, int rows, int stride, int columns, const dots<T>& d) {
    for (int r = 0; r < rows; ++r)
        for (int q = 0; q < columns; ++q) {
            const T* from = partial + (r * stride + q) * tile<T>::lanes;
            const T total = Eigen::internal::predux(Eigen::internal::pload<packet<T>>(from));
            T& out = d.out[r * d.out_row + q * d.out_column];
            out = d.accumulate ? out + total : total;
        }
}

/// `rows` (1 to R) by `columns` (1 to Q) dot products; each is one packet of partial sums, added up at the
/// end.
template <int R, int Q, class T>
[[gnu::noinline]] void dot_tile(const dots<T>& d, int rows, int columns) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes;
    packet<T> sum[R][Q];
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) {
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) sum[r][q] = pset1<packet<T>>(T(0));
    }
    const std::ptrdiff_t stretches = d.repeats + (d.left_end != nullptr ? 1 : 0);
    for (std::ptrdiff_t stretch = 0; stretch < stretches; ++stretch) {
        const bool end = stretch == d.repeats;
        const std::ptrdiff_t size = end ? lanes : d.depth / lanes * lanes;
        const T* const left_side = end ? d.left_end : d.left + stretch * d.left_step;
        const T* const right_side = end ? d.right + d.depth - lanes : d.right + stretch * d.right_step;
        const T* left_rows[R];
        const T* right_rows[Q];
        WEFT_UNROLL(16)
        for (int r = 0; r < R; ++r)
            left_rows[r] = left_side + (r < rows ? r : 0) * (end ? lanes : d.left_row);
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) right_rows[q] = right_side + d.offsets[q < columns ? q : 0];
        for (std::ptrdiff_t p = 0; p < size; p += lanes) {
            packet<T> left[R];
            WEFT_UNROLL(16)
            for (int r = 0; r < R; ++r) left[r] = ploadu<packet<T>>(left_rows[r] + p);
            WEFT_UNROLL(16)
            for (int q = 0; q < Q; ++q) {
                const packet<T> right = ploadu<packet<T>>(right_rows[q] + p);
                WEFT_UNROLL(16)
                for (int r = 0; r < R; ++r) sum[r][q] = pmadd(left[r], right, sum[r][q]);
            }
        }
    }
    alignas(64) T partial[R * Q * lanes];
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) {
        WEFT_UNROLL(16)
        for (int q = 0; q < Q; ++q) pstore(partial + (r * Q + q) * lanes, sum[r][q]);
    }
    add_lanes(partial, rows, Q, columns, d);
}

/// One tile of at most tile::dot_rows by tile::dot_columns.
template <class T>
void multiply_dot_tile(const dots<T>& d, int rows, int columns) {
    if (rows > 1)
        dot_tile<tile<T>::dot_rows, tile<T>::dot_columns, T>(d, rows, columns);
    else
        dot_tile<1, tile<T>::dot_columns, T>(d, 1, columns);
}

}  // namespace weft::cpu_backend
