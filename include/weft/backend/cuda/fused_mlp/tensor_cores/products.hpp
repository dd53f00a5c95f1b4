#pragma once

#include "../layers.hpp"

/// Products of 16-bit matrices in shared memory, by the warps of a block. Rows of such a matrix are
/// `bank_pad` numbers further apart than they are long, so that the eight rows that ldmatrix reads at a time
/// lie in different banks; all sides are padded to multiples of `slice`.
namespace weft::cuda_backend {

inline constexpr int bank_pad = 8;
/// The numbers of a matrix [rows, columns] in shared memory.
constexpr int room_for(int rows, int columns) { return rows * (columns + bank_pad); }

/// How warps share the sums of a product of [Rows, Columns]: each has m x n pieces of 16 x 8. What cannot be
/// shared leaves warps over, which do what another one does and store nothing.
template <int Rows, int Columns, int Threads>
struct warp_grid {
    static constexpr int high = Rows / 16, wide = Columns / 16;
    static_assert(Rows % 16 == 0 && Columns % 16 == 0);
    struct sides {
        int down = 1, across = 1;
        constexpr int count() const { return down * across; }
        constexpr int edge() const { return high / down + wide / across; }  // what a warp loads
    };
    static constexpr sides choose() {
        sides best;
        for (int d = 1; d * warp <= Threads && high % d == 0; d *= 2)
            for (int a = 1; d * a * warp <= Threads && wide % a == 0; a *= 2) {
                const sides now{d, a};
                if (now.count() > best.count() || (now.count() == best.count() && now.edge() < best.edge()))
                    best = now;
            }
        return best;
    }
    static constexpr int down = choose().down, across = choose().across, m = high / down,
                         n = 2 * wide / across;
    using sums = warp_sums<m, n>;

    WEFT_DEVICE static constexpr bool active(int t) { return t / warp < down * across; }
    WEFT_DEVICE static constexpr int first_row(int t) { return t / warp / across % down * m * 16; }
    WEFT_DEVICE static constexpr int first_column(int t) { return t / warp % across * n * 8; }
    /// Where sum r of a thread's piece i, j belongs.
    WEFT_DEVICE static constexpr int row(int t, int i, int r) {
        return first_row(t) + i * 16 + sum_row(t, r);
    }
    WEFT_DEVICE static constexpr int column(int t, int j, int r) {
        return first_column(t) + j * 8 + sum_column(t, r);
    }
};

/// Stores two numbers side by side, the first at an even place; or loads them.
template <class Narrow>
WEFT_DEVICE void store_pair(float first, float second, Narrow* to) {
    const std::uint32_t both = packed<Narrow>(first, second);
#ifdef __CUDA_ARCH__
    *reinterpret_cast<std::uint32_t*>(to) = both;
#else
    std::memcpy(to, &both, sizeof both);
#endif
}
template <class Narrow>
WEFT_DEVICE void load_pair(const Narrow* from, float (&to)[2]) {
    const pack<Narrow, 2> both = pack<Narrow, 2>::load(from);
    to[0] = both.at[0];
    to[1] = both.at[1];
}

/// sums += a b over `depth` terms. a is [row, term] in shared memory, or [term, row] if it is transposed; b
/// is [column, term], or [term, column] if it is transposed. With Totals, also sums of a's rows.
template <class Grid, bool TransposedA, bool TransposedB, bool Totals = false, class Block, class Narrow>
WEFT_DEVICE void multiply_warps(const Block& block, const Narrow* a, int a_stride, const Narrow* b,
                                int b_stride, int depth, per_thread<Block, typename Grid::sums>& sums,
                                per_thread<Block, warp_sums<Grid::m, 1>>* totals = nullptr) {
    per_thread<Block, const Narrow*> a_rows, b_rows;
    for (const int t : block) {
        const int row = Grid::first_row(t), column = Grid::first_column(t), lane = t % warp;
        a_rows[t] =
            a + (TransposedA ? row + rightwards(lane, a_stride) : row * a_stride + downwards(lane, a_stride));
        b_rows[t] = b + (TransposedB ? column + downwards(lane, b_stride)
                                     : column * b_stride + rightwards(lane, b_stride));
    }
    WEFT_UNROLL(4)
    for (int k = 0; k < depth; k += 16) {
        per_thread<Block, registers<4 * Grid::m>> x;
        per_thread<Block, registers<2 * Grid::n>> y;
        block.template load_matrices<TransposedA>(a_rows, TransposedA ? k * a_stride : k,
                                                  TransposedA ? 16 : 16 * a_stride, x);
        block.template load_matrices<TransposedB>(b_rows, TransposedB ? k * b_stride : k,
                                                  TransposedB ? 16 : 16 * b_stride, y);
        block.template multiply_add<Narrow>(x, y, sums);
        if constexpr (Totals) {
            per_thread<Block, registers<2>> ones;
            for (const int t : block) ones[t].at[0] = ones[t].at[1] = packed<Narrow>(1, 1);
            block.template multiply_add<Narrow>(x, ones, *totals);
        }
    }
}

}  // namespace weft::cuda_backend
