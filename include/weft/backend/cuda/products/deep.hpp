#pragma once

#include <utility>

#include "tiled.hpp"

namespace weft::cuda_backend {

template <class T, class Shape, class A, class B>
struct deep_tile;

/// A block's part of a product of few rows and columns and great depth.
template <int Rows, int Columns>
struct deep_shape {
    static constexpr int rows = Rows, columns = Columns;
    static constexpr bool packs = false;
    template <class T, class A, class B>
    using engine = deep_tile<T, deep_shape, A, B>;
};

/// The engine of such products: the threads of a block share the depth, and each has all sums of the tile in
/// registers. Both factors have a function at(line, k). See tiled_product.
template <class T, class Shape, class A, class B>
struct deep_tile {
    using number = T;
    static constexpr int rows = Shape::rows, columns = Shape::columns, threads = 256, warps = threads / warp;
    static constexpr bool columns_first = true;
    static constexpr int rounds = 1, at_once = rows;
    struct shared {
        typename A::line a[rows];
        typename B::line b[columns];
        T sum[warps][rows][columns + 1];  ///< of a row's results, and then of its line
    };
    struct sums {
        T at[rows][columns + 1];
    };
    A a;
    B b;

    template <class Block>
    WEFT_DEVICE void sum(const Block& block, shared& memory, const tile_place& at, bool,
                         per_thread<Block, sums>& all, per_thread<Block, T>&) const {
        for (const int t : block) {
            for (int i = 0; i < rows; ++i)
                for (int j = 0; j <= columns; ++j) all[t].at[i][j] = T(0);
            if (t < rows) memory.a[t] = a.line_of(at.z, at.first_row + t);
            if (t < columns) memory.b[t] = b.line_of(at.z, at.first_column + t);
        }
        block.sync();
        for (const int t : block)
            for (int k = at.begin + t; k < at.last; k += threads) add(memory, k, all[t]);
        add_threads(block, all, memory, std::make_integer_sequence<int, rows*(columns + 1)>{});
        block.sync();
        for (const int t : block) {
            if (t >= rows * (columns + 1)) continue;
            T& sum_of_all = memory.sum[0][t / (columns + 1)][t % (columns + 1)];
            for (int w = 1; w < warps; ++w) sum_of_all += memory.sum[w][t / (columns + 1)][t % (columns + 1)];
        }
        block.sync();
    }
    WEFT_DEVICE static T line(const shared& memory, T, int t) { return memory.sum[0][t][columns]; }
    template <class Block>
    WEFT_DEVICE static void put(const Block&, const shared&, const per_thread<Block, sums>&, int) {}
    WEFT_DEVICE static constexpr int row_of(int, int i) { return i; }
    WEFT_DEVICE static const T* result(const shared& memory, int i, int j) { return &memory.sum[0][i][j]; }

private:
    WEFT_DEVICE void add(const shared& memory, int k, sums& s) const {
        T x[rows];
        for (int i = 0; i < rows; ++i) {
            x[i] = a.at(memory.a[i], k);
            s.at[i][columns] += x[i];
        }
        for (int j = 0; j < columns; ++j) {
            const T y = b.at(memory.b[j], k);
            for (int i = 0; i < rows; ++i) s.at[i][j] += x[i] * y;
        }
    }
    // Constant indices, one after the other: a loop's index would take all sums out of the registers.
    template <class Block, int... I>
    WEFT_DEVICE static void add_threads(const Block& block, const per_thread<Block, sums>& s, shared& memory,
                                        std::integer_sequence<int, I...>) {
        (add_threads_of<I / (columns + 1), I % (columns + 1)>(block, s, memory), ...);
    }
    template <int Row, int Column, class Block>
    WEFT_DEVICE static void add_threads_of(const Block& block, const per_thread<Block, sums>& s,
                                           shared& memory) {
        per_thread<Block, T> one;
        for (const int t : block) one[t] = s[t].at[Row][Column];
        combine_in_warp<warp, Block, T>(block, one, sum_of_two{});
        for (const int t : block)
            if (t % warp == 0) memory.sum[t / warp][Row][Column] = one[t];
    }
};

}  // namespace weft::cuda_backend
