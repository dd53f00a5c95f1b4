#pragma once

#include "staged.hpp"

namespace weft::cuda_backend {

template <class T, class Shape, class A, class B>
struct multiply_add_tile;

/// A block's part of a product by multiply-adds: rows x columns, of which each thread holds rows_each x
/// columns_each sums, and the depth that passes through shared memory at once. A thread's sums are groups of
/// a pack's size, spread over the tile, so that a warp reads neighbouring packs of shared memory.
template <int Rows, int Columns, int Depth, int RowsEach, int ColumnsEach>
struct tile_shape {
    static constexpr int rows = Rows, columns = Columns, depth = Depth, rows_each = RowsEach,
                         columns_each = ColumnsEach, threads = Rows / RowsEach * (Columns / ColumnsEach);
    static constexpr bool packs = true;
    template <class T, class A, class B>
    using engine = multiply_add_tile<T, tile_shape, A, B>;
};

/// What a thread brings of one factor from global to shared memory.
template <class T, class Factor, int Lines, int Depth, int Threads>
struct tile_loader {
    using part = shared_out<Factor, Lines, Depth, Threads>;
    static constexpr int width = part::width, turns = part::turns, across = part::across;
    static constexpr bool along_depth = part::along_depth;
    static constexpr int places = along_depth ? turns : across > Threads ? across / Threads : 1;
    static_assert(Threads % across == 0 || (!along_depth && across % Threads == 0));

    typename Factor::line line[places];
    T staged[turns][width];

    WEFT_DEVICE void start(const Factor& f, int z, int first_line, int t) {
        for (int p = 0; p < places; ++p) line[p] = f.line_of(z, first_line + part::line_at(t, p));
    }
    WEFT_DEVICE void load(const Factor& f, int k, int last, int t) {
        for (int s = 0; s < turns; ++s) f.load(line[s % places], k + part::depth_at(t, s), last, staged[s]);
    }
    template <int Pitch>
    WEFT_DEVICE void store(T (&to)[Depth][Pitch], int t) const {
        for (int s = 0; s < turns; ++s)
            for (int e = 0; e < width; ++e)
                to[part::depth_at(t, s) + (along_depth ? e : 0)]
                  [part::line_at(t, s) + (along_depth ? 0 : e)] = staged[s][e];
    }
};

/// The engine of products whose factors are stored as sums are: see tiled_product and sum_in_pieces.
template <class T, class Shape, class A, class B>
struct multiply_add_tile {
    using number = T;
    static constexpr int rows = Shape::rows, columns = Shape::columns, depth = Shape::depth,
                         rows_each = Shape::rows_each, columns_each = Shape::columns_each,
                         threads = Shape::threads;
    static constexpr bool columns_first = false, alone = true;
    static constexpr int pack_size = pack<T>::size, row_groups = rows_each / pack_size,
                         column_groups = columns_each / pack_size, row_step = rows / row_groups,
                         column_step = columns / column_groups;
    static_assert(threads >= rows);
    /// A row of each thread at a time.
    static constexpr int rounds = rows_each, at_once = rows / rows_each;

    /// Rows are one pack apart from a power of two, so that transposed stores spread over the banks. When the
    /// sums are done, results pass through the same memory.
    struct halves {
        alignas(16) T a[2][depth][rows + pack_size];
        alignas(16) T b[2][depth][columns + pack_size];
    };
    union shared {
        halves of;
        alignas(16) T results[at_once][columns];
    };
    struct staged {
        tile_loader<T, A, rows, depth, threads> a;
        tile_loader<T, B, columns, depth, threads> b;
    };
    struct sums {
        T at[rows_each][columns_each];

        WEFT_DEVICE void clear() {
            for (int i = 0; i < rows_each; ++i)
                for (int j = 0; j < columns_each; ++j) at[i][j] = T(0);
        }
    };
    A a;
    B b;

    template <class Block>
    WEFT_DEVICE void sum(const Block& block, shared& memory, const tile_place& at, bool sums_lines,
                         per_thread<Block, sums>& all, per_thread<Block, number>& line_sums) const {
        sum_in_pieces(*this, block, memory, at, sums_lines, all, line_sums);
    }
    template <class Block>
    WEFT_DEVICE void begin(const Block& block, shared&, const tile_place& at,
                           per_thread<Block, staged>& next) const {
        for (const int t : block) {
            next[t].a.start(a, at.z, at.first_row, t);
            next[t].b.start(b, at.z, at.first_column, t);
        }
    }
    WEFT_DEVICE void load(const shared&, const tile_place& at, int k, int, staged& next, int t) const {
        next.a.load(a, k, at.last, t);
        next.b.load(b, k, at.last, t);
    }
    WEFT_DEVICE static void store(shared& memory, int half, const staged& next, int t) {
        next.a.store(memory.of.a[half], t);
        next.b.store(memory.of.b[half], t);
    }
    WEFT_DEVICE static void multiply(const shared& memory, int half, sums& s, int t) {
        const auto& left = memory.of.a[half];
        const auto& right = memory.of.b[half];
        for (int k = 0; k < depth; ++k) {
            pack<T> x[row_groups], y[column_groups];
            for (int g = 0; g < row_groups; ++g) x[g] = pack<T>::load(&left[k][g * row_step + first_row(t)]);
            for (int g = 0; g < column_groups; ++g)
                y[g] = pack<T>::load(&right[k][g * column_step + first_column(t)]);
            for (int i = 0; i < rows_each; ++i)
                for (int j = 0; j < columns_each; ++j)
                    s.at[i][j] += x[i / pack_size].at[i % pack_size] * y[j / pack_size].at[j % pack_size];
        }
    }
    WEFT_DEVICE static void add_line(const shared& memory, int half, T& sum, int t) {
        for (int i = 0; i < depth; ++i) sum += memory.of.a[half][i][t];
    }
    WEFT_DEVICE static T line(const shared&, T sum, int) { return sum; }
    template <class Block>
    WEFT_DEVICE static void put(const Block& block, shared& memory, const per_thread<Block, sums>& all,
                                int round) {
        for (const int t : block) put_row(all[t], round, memory, t);
    }
    WEFT_DEVICE static constexpr int row_of(int round, int i) {
        return round / pack_size * row_step + i * pack_size + round % pack_size;
    }
    WEFT_DEVICE static const T* result(const shared& memory, int i, int j) { return &memory.results[i][j]; }

private:
    /// A constant index for each row, or they would leave the registers.
    WEFT_DEVICE static void put_row(const sums& s, int row, shared& memory, int t) {
        for (int r = 0; r < rows_each; ++r)
            for (int g = 0; g < column_groups; ++g) {
                pack<T> p;
                for (int j = 0; j < pack_size; ++j) p.at[j] = s.at[r][g * pack_size + j];
                if (r == row)
                    p.store(&memory.results[first_row(t) / pack_size][g * column_step + first_column(t)]);
            }
    }
    WEFT_DEVICE static constexpr int first_row(int t) { return t / (columns / columns_each) * pack_size; }
    WEFT_DEVICE static constexpr int first_column(int t) { return t % (columns / columns_each) * pack_size; }
};

}  // namespace weft::cuda_backend
