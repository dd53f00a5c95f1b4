#pragma once

#include <utility>

#include "results.hpp"

namespace weft::cuda_backend {

/// A product of few rows and columns and great depth: a block has one tile of sums, its threads share the
/// depth, and each has all sums of the tile in registers. Factors, parts and line sums are as in
/// `tiled_product`, and both factors have a function at(line, k).
template <class T, int Rows, int Columns, class A, class B>
struct deep_product {
    static constexpr int threads = 256, warps = threads / warp, sums = Rows * Columns + Rows;
    struct shared {
        typename A::line a[Rows];
        typename B::line b[Columns];
        T sum[warps][sums];
    };

    A a;
    B b;
    T* out;
    product_sizes sizes;
    T *parts, *line_sums;
    std::int64_t part_size, size;

    WEFT_DEVICE static constexpr std::int64_t tiles(const product_sizes& s) {
        return s.count * pieces(s.rows, Rows) * pieces(s.columns, Columns);
    }

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const unsigned across = unsigned(pieces(sizes.columns, Columns)),
                       down = unsigned(pieces(sizes.rows, Rows));
        const unsigned tile = unsigned(block.index()), rest = tile / across, more = rest / down;
        const int first_column = int(tile % across) * Columns, first_row = int(rest % down) * Rows;
        const int z = int(more % unsigned(sizes.count)), split = int(more / unsigned(sizes.count));
        const int begin = split * sizes.split_depth,
                  last = sizes.depth - begin < sizes.split_depth ? sizes.depth : begin + sizes.split_depth;

        per_thread<Block, state> states;
        for (const int t : block) {
            states[t].clear();
            if (t < Rows) memory.a[t] = a.line_of(z, first_row + t);
            if (t < Columns) memory.b[t] = b.line_of(z, first_column + t);
        }
        block.sync();
        for (const int t : block)
            for (int k = begin + t; k < last; k += threads) states[t].add(*this, memory, k);
        add_up(block, states, memory, std::make_integer_sequence<int, sums>{});
        block.sync();
        for (const int t : block) {
            if (t >= sums) continue;
            T all = memory.sum[0][t];
            for (int w = 1; w < warps; ++w) all += memory.sum[w][t];
            const int row = first_row + t / (Columns + 1), column = first_column + t % (Columns + 1);
            const std::int64_t line = std::int64_t(z) * sizes.rows + row;
            T* const to = parts ? parts + split * part_size : out;
            if (row >= sizes.rows) continue;
            if (t % (Columns + 1) < Columns) {
                if (column < sizes.columns) to[line * sizes.columns + column] = all;
            } else if (line_sums != nullptr && first_column == 0) {
                (parts ? to + size : line_sums)[line] = all;
            }
        }
    }

private:
    struct state {
        T sum[Rows][Columns], line_sum[Rows];

        WEFT_DEVICE void clear() {
            for (int i = 0; i < Rows; ++i) {
                for (int j = 0; j < Columns; ++j) sum[i][j] = T(0);
                line_sum[i] = T(0);
            }
        }
        WEFT_DEVICE void add(const deep_product& p, const shared& memory, int k) {
            T x[Rows];
            for (int i = 0; i < Rows; ++i) {
                x[i] = p.a.at(memory.a[i], k);
                line_sum[i] += x[i];
            }
            for (int j = 0; j < Columns; ++j) {
                const T y = p.b.at(memory.b[j], k);
                for (int i = 0; i < Rows; ++i) sum[i][j] += x[i] * y;
            }
        }
    };
    // Constant indices, one after the other: a loop's index would take all sums out of the registers.
    template <class Block, int... I>
    WEFT_DEVICE void add_up(const Block& block, const per_thread<Block, state>& states, shared& memory,
                            std::integer_sequence<int, I...>) const {
        (add_up_one<I>(block, states, memory), ...);
    }
    template <int I, class Block>
    WEFT_DEVICE void add_up_one(const Block& block, const per_thread<Block, state>& states,
                                shared& memory) const {
        constexpr int row = I / (Columns + 1), column = I % (Columns + 1);
        per_thread<Block, T> one;
        for (const int t : block) {
            if constexpr (column < Columns)
                one[t] = states[t].sum[row][column];
            else
                one[t] = states[t].line_sum[row];
        }
        combine_in_warp<warp, Block, T>(block, one, sum_of_two{});
        for (const int t : block)
            if (t % warp == 0) memory.sum[t / warp][I] = one[t];
    }
};

}  // namespace weft::cuda_backend
