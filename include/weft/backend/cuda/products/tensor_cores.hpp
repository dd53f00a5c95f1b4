#pragma once

#include "warp_factors.hpp"

namespace weft::cuda_backend {

template <class Shape, class A, class B>
struct tensor_core_tile;

/// A block's part of a product on tensor cores: rows x columns, which Down x Across warps share, and the
/// depth that passes through shared memory at once. Each warp has m x n pieces of 16 x 8 sums.
template <int Rows, int Columns, int Depth, int Down, int Across>
struct warp_shape {
    static constexpr int rows = Rows, columns = Columns, depth = Depth, down = Down, across = Across,
                         threads = Down * Across * warp, m = Rows / Down / 16, n = Columns / Across / 8;
    static_assert(m * Down * 16 == Rows && n * Across * 8 == Columns && n % 2 == 0 && Depth % 16 == 0);
    static_assert(threads >= Rows);
    static constexpr bool packs = true;
    template <class, class A, class B>
    using engine = tensor_core_tile<warp_shape, A, B>;
};

/// The engine of products of factors in 16 bits, which are multiplied exactly and summed as floats. (On a
/// device in another order than the twin does, which sums along the depth.) See tiled_product and
/// sum_in_pieces.
template <class Shape, class A, class B>
struct tensor_core_tile {
    using number = float;
    using narrow = typename A::number;
    static constexpr int rows = Shape::rows, columns = Shape::columns, depth = Shape::depth,
                         threads = Shape::threads;
    static constexpr bool columns_first = false, alone = false;
    using left = warp_factor<A, rows, depth>;
    using right = warp_factor<B, columns, depth>;
    using sums = warp_sums<Shape::m, Shape::n>;
    /// A row of pieces at a time; rows are 8 numbers apart from a power of two, so that pairs of a warp
    /// spread over the banks.
    static constexpr int rounds = Shape::m, at_once = Shape::down * 16, results_stride = columns + 8;
    struct halves {
        left a[2];
        right b[2];
    };
    struct shared {
        typename A::line a[rows];
        typename B::line b[columns];
        typename spots_of<A, depth>::type a_spots[2];
        typename spots_of<B, depth>::type b_spots[2];
        union {
            halves of;
            alignas(16) float results[at_once][results_stride];
        };
    };
    struct staged {
        warp_loader<A, rows, depth, threads> a;
        warp_loader<B, columns, depth, threads> b;
    };
    A a;
    B b;

    template <class Block>
    WEFT_DEVICE void sum(const Block& block, shared& memory, const tile_place& at, bool sums_lines,
                         per_thread<Block, sums>& all, per_thread<Block, number>& line_sums) const {
        sum_in_pieces(*this, block, memory, at, sums_lines, all, line_sums);
    }
    template <class Block>
    WEFT_DEVICE void begin(const Block& block, shared& memory, const tile_place& at,
                           per_thread<Block, staged>&) const {
        for (const int t : block) {
            for (int i = t; i < rows; i += threads) memory.a[i] = a.line_of(at.z, at.first_row + i);
            for (int j = t; j < columns; j += threads) memory.b[j] = b.line_of(at.z, at.first_column + j);
            look_ahead(memory, at, at.begin, 0, t);
            look_ahead(memory, at, at.begin + depth, 1, t);
        }
        block.sync();
    }
    WEFT_DEVICE void load(const shared& memory, const tile_place& at, int k, int half, staged& next,
                          int t) const {
        next.a.load(a, memory.a, memory.a_spots[half], k, at.last, t);
        next.b.load(b, memory.b, memory.b_spots[half], k, at.last, t);
    }
    /// Finds spots; nobody reads those of the piece that is in shared memory.
    WEFT_DEVICE void look_ahead(shared& memory, const tile_place& at, int k, int half, int t) const {
        memory.a_spots[half].find(a, k, at.last, t);
        memory.b_spots[half].find(b, k, at.last, t);
    }
    WEFT_DEVICE static void store(shared& memory, int half, const staged& next, int t) {
        next.a.store(memory.of.a[half], t);
        next.b.store(memory.of.b[half], t);
    }
    template <class Block>
    WEFT_DEVICE static void multiply(const Block& block, const shared& memory, int half,
                                     per_thread<Block, sums>& all) {
        const left& x = memory.of.a[half];
        const right& y = memory.of.b[half];
        per_thread<Block, const narrow*> x_rows, y_rows;
        for (const int t : block) {
            const int lane = t % warp;
            x_rows[t] = x.at + left::place(first_row(t), 0) +
                        (A::along_depth ? downwards(lane, left::stride) : rightwards(lane, left::stride));
            y_rows[t] = y.at + right::place(first_column(t), 0) +
                        (B::along_depth ? rightwards(lane, right::stride) : downwards(lane, right::stride));
        }
        WEFT_UNROLL(4)
        for (int piece = 0; piece < Shape::depth / 16; ++piece) {
            per_thread<Block, registers<4 * Shape::m>> of_x;
            per_thread<Block, registers<2 * Shape::n>> of_y;
            block.template load_matrices<!A::along_depth>(x_rows, piece * left::depth_step, left::line_step,
                                                          of_x);
            block.template load_matrices<!B::along_depth>(y_rows, piece * right::depth_step, right::line_step,
                                                          of_y);
            block.template multiply_add<narrow>(of_x, of_y, all);
        }
    }
    WEFT_DEVICE static void add_line(const shared& memory, int half, float& sum, int t) {
        const left& x = memory.of.a[half];
        if constexpr (A::along_depth) {
            for (int k = 0; k < depth; k += pack<narrow>::size) {
                const pack<narrow> p = pack<narrow>::load(x.at + left::place(t, k));
                for (int e = 0; e < pack<narrow>::size; ++e) sum += float(p.at[e]);
            }
        } else {
            for (int k = 0; k < depth; ++k) sum += float(x.at[left::place(t, k)]);
        }
    }
    WEFT_DEVICE static float line(const shared&, float sum, int) { return sum; }
    template <class Block>
    WEFT_DEVICE static void put(const Block& block, shared& memory, const per_thread<Block, sums>& all,
                                int round) {
        for (const int t : block) put_pieces(all[t], round, memory, t);
    }
    WEFT_DEVICE static constexpr int row_of(int round, int i) {
        return (i / 16 * Shape::m + round) * 16 + i % 16;
    }
    WEFT_DEVICE static const float* result(const shared& memory, int i, int j) {
        return &memory.results[i][j];
    }

private:
    WEFT_DEVICE static constexpr int first_row(int t) { return t / warp / Shape::across * Shape::m * 16; }
    WEFT_DEVICE static constexpr int first_column(int t) { return t / warp % Shape::across * Shape::n * 8; }
    /// A constant index for each row of pieces, or they would leave the registers.
    WEFT_DEVICE static void put_pieces(const sums& s, int row, shared& memory, int t) {
        WEFT_UNROLL(32)
        for (int j = 0; j < Shape::n; ++j) WEFT_UNROLL(2)
        for (int h = 0; h < 2; ++h) {
            pack<float, 2> p{{s.at[0][j][2 * h], s.at[0][j][2 * h + 1]}};
            WEFT_UNROLL(16)
            for (int r = 1; r < Shape::m; ++r) {
                p.at[0] = r == row ? s.at[r][j][2 * h] : p.at[0];
                p.at[1] = r == row ? s.at[r][j][2 * h + 1] : p.at[1];
            }
            p.store(&memory.results[first_row(t) / Shape::m + sum_row(t, 2 * h)]
                                   [first_column(t) + j * 8 + sum_column(t, 0)]);
        }
    }
};

}  // namespace weft::cuda_backend
