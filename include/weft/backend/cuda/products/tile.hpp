#pragma once

#include "results.hpp"

namespace weft::cuda_backend {

/// A block's part of a product: rows x columns, of which each thread holds rows_each x columns_each sums, and
/// the depth that passes through shared memory at once. A thread's sums are groups of a pack's size, spread
/// over the tile, so that a warp reads neighbouring packs of shared memory.
template <int Rows, int Columns, int Depth, int RowsEach, int ColumnsEach>
struct tile_shape {
    static constexpr int rows = Rows, columns = Columns, depth = Depth, rows_each = RowsEach,
                         columns_each = ColumnsEach, threads = Rows / RowsEach * (Columns / ColumnsEach);
};

/// What a thread brings of one factor from global to shared memory. A factor is seen as lines (rows of a,
/// columns of b) of numbers along the depth, and has
///     static constexpr bool along_depth;  // which of the two is contiguous
///     static constexpr int width;         // numbers in that direction that are loaded at once
///     line line_of(int z, int i) const;   // what to remember of line i (and the next width - 1); i may be
///                                         // beyond the last, and then reads zeros
///     void load(const line&, int k, int last, T* to) const;  // zeros from depth `last` on
template <class T, class Factor, int Lines, int Depth, int Threads>
struct tile_loader {
    static constexpr int width = Factor::width;
    static constexpr bool along_depth = Factor::along_depth;
    static constexpr int across = (along_depth ? Depth : Lines) / width;
    static constexpr int turns = Lines * Depth / width / Threads;
    static constexpr int places = along_depth ? turns : across > Threads ? across / Threads : 1;
    static_assert(turns * width * Threads == Lines * Depth);
    static_assert(Threads % across == 0 || (!along_depth && across % Threads == 0));

    typename Factor::line line[places];
    T staged[turns][width];

    WEFT_DEVICE static constexpr int line_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return along_depth ? unit / across : unit % across * width;
    }
    WEFT_DEVICE static constexpr int depth_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return along_depth ? unit % across * width : unit / across;
    }
    WEFT_DEVICE void start(const Factor& f, int z, int first_line, int t) {
        for (int p = 0; p < places; ++p) line[p] = f.line_of(z, first_line + line_at(t, p));
    }
    WEFT_DEVICE void load(const Factor& f, int k, int last, int t) {
        for (int s = 0; s < turns; ++s) f.load(line[s % places], k + depth_at(t, s), last, staged[s]);
    }
    template <int Pitch>
    WEFT_DEVICE void store(T (&to)[Depth][Pitch], int t) const {
        for (int s = 0; s < turns; ++s)
            for (int e = 0; e < width; ++e)
                to[depth_at(t, s) + (along_depth ? e : 0)][line_at(t, s) + (along_depth ? 0 : e)] =
                    staged[s][e];
    }
};

/// A product with what follows, a tile for each block. While a block multiplies one piece of the depth in
/// shared memory, the next one is on its way to registers and then to the other half of shared memory.
template <class T, class Shape, class A, class B, class Results>
struct tiled_product {
    static constexpr int threads = Shape::threads;
    static constexpr int pack_size = pack<T>::size;
    static constexpr int row_groups = Shape::rows_each / pack_size,
                         column_groups = Shape::columns_each / pack_size, row_step = Shape::rows / row_groups,
                         column_step = Shape::columns / column_groups;
    static_assert(threads >= Shape::rows);

    /// Rows are one pack apart from a power of two, so that transposed stores spread over the banks. When the
    /// sums are done, results pass through the same memory.
    struct halves {
        alignas(16) T a[2][Shape::depth][Shape::rows + pack_size];
        alignas(16) T b[2][Shape::depth][Shape::columns + pack_size];
    };
    union shared {
        halves of;
        alignas(16) T results[Shape::rows / Shape::rows_each][Shape::columns];
    };

    A a;
    B b;
    Results to;
    product_sizes sizes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const tile_place at(sizes, Shape::rows, Shape::columns, block.index());
        const bool sums_lines = to.wants_lines(at);

        per_thread<Block, state> states;
        for (const int t : block) {
            state& s = states[t];
            s.clear();
            s.of_a.start(a, at.z, at.first_row, t);
            s.of_b.start(b, at.z, at.first_column, t);
            s.of_a.load(a, at.begin, at.last, t);
            s.of_b.load(b, at.begin, at.last, t);
            s.of_a.store(memory.of.a[0], t);
            s.of_b.store(memory.of.b[0], t);
        }
        block.sync();
        int half = 0;
        for (int k = at.begin; k < at.last; k += Shape::depth) {
            const bool goes_on = at.last - k > Shape::depth;
            for (const int t : block) {
                state& s = states[t];
                if (goes_on) {
                    s.of_a.load(a, k + Shape::depth, at.last, t);
                    s.of_b.load(b, k + Shape::depth, at.last, t);
                }
                s.multiply(memory.of.a[half], memory.of.b[half], t);
                if (sums_lines && t < Shape::rows)
                    for (int i = 0; i < Shape::depth; ++i) s.line_sum += memory.of.a[half][i][t];
                if (goes_on) {
                    s.of_a.store(memory.of.a[1 - half], t);
                    s.of_b.store(memory.of.b[1 - half], t);
                }
            }
            block.sync();
            half = 1 - half;
        }
        if (sums_lines)
            for (const int t : block)
                if (t < Shape::rows && at.first_row + t < sizes.rows)
                    to.write_line(states[t].line_sum, at, std::int64_t(at.z) * sizes.rows + at.first_row + t);
        // A row of each thread at a time, so that neighbours write neighbouring packs and the steps are one
        // loop's body instead of one for each sum.
        for (int i = 0; i < Shape::rows_each; ++i) {
            for (const int t : block) states[t].put(i, memory.results, t);
            block.sync();
            const int each = to.result.packs ? pack_size : 1, across_it = Shape::columns / each;
            for (const int t : block)
                for (int u = t; u < Shape::rows / Shape::rows_each * across_it; u += threads) {
                    const int from = u / across_it, column = u % across_it * each;
                    const int row =
                        at.first_row + i / pack_size * row_step + from * pack_size + i % pack_size;
                    if (row < sizes.rows && at.first_column + column < sizes.columns)
                        to.write(&memory.results[from][column], at, row, at.first_column + column);
                }
            block.sync();
        }
    }

private:
    struct state {
        tile_loader<T, A, Shape::rows, Shape::depth, threads> of_a;
        tile_loader<T, B, Shape::columns, Shape::depth, threads> of_b;
        T sum[Shape::rows_each][Shape::columns_each];
        T line_sum;

        WEFT_DEVICE void clear() {
            for (int i = 0; i < Shape::rows_each; ++i)
                for (int j = 0; j < Shape::columns_each; ++j) sum[i][j] = T(0);
            line_sum = T(0);
        }
        WEFT_DEVICE void multiply(const T (&left)[Shape::depth][Shape::rows + pack_size],
                                  const T (&right)[Shape::depth][Shape::columns + pack_size], int t) {
            for (int k = 0; k < Shape::depth; ++k) {
                pack<T> x[row_groups], y[column_groups];
                for (int g = 0; g < row_groups; ++g) x[g] = pack<T>::load(&left[k][g * row_step + row_of(t)]);
                for (int g = 0; g < column_groups; ++g)
                    y[g] = pack<T>::load(&right[k][g * column_step + column_of(t)]);
                for (int i = 0; i < Shape::rows_each; ++i)
                    for (int j = 0; j < Shape::columns_each; ++j)
                        sum[i][j] += x[i / pack_size].at[i % pack_size] * y[j / pack_size].at[j % pack_size];
            }
        }
        /// Row i of this thread's sums; a constant index for each, or they would leave the registers.
        WEFT_DEVICE void put(int i, T (&to)[Shape::rows / Shape::rows_each][Shape::columns], int t) const {
            for (int r = 0; r < Shape::rows_each; ++r)
                for (int g = 0; g < column_groups; ++g) {
                    pack<T> p;
                    for (int j = 0; j < pack_size; ++j) p.at[j] = sum[r][g * pack_size + j];
                    if (r == i) p.store(&to[row_of(t) / pack_size][g * column_step + column_of(t)]);
                }
        }
    };
    WEFT_DEVICE static constexpr int row_of(int t) {
        return t / (Shape::columns / Shape::columns_each) * pack_size;
    }
    WEFT_DEVICE static constexpr int column_of(int t) {
        return t % (Shape::columns / Shape::columns_each) * pack_size;
    }
};

}  // namespace weft::cuda_backend
