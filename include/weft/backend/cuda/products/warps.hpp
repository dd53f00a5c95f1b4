#pragma once

#include "results.hpp"

namespace weft::cuda_backend {

/// A block's part of a product on tensor cores: rows x columns, which Down x Across warps share, and the
/// depth that passes through shared memory at once. Each warp has m x n pieces of 16 x 8 sums.
template <int Rows, int Columns, int Depth, int Down, int Across>
struct warp_tile {
    static constexpr int rows = Rows, columns = Columns, depth = Depth, down = Down, across = Across,
                         threads = Down * Across * warp, m = Rows / Down / 16, n = Columns / Across / 8;
    static_assert(m * Down * 16 == Rows && n * Across * 8 == Columns && n % 2 == 0 && Depth % 16 == 0);
    static_assert(threads >= Rows);
};

/// A factor's numbers in shared memory, contiguous as in global memory. The eight rows that a warp reads at a
/// time lie in different banks.
template <class Factor, int Lines, int Depth>
struct warp_factor {
    static constexpr bool along_depth = Factor::along_depth;
    static constexpr int rows = along_depth ? Lines : Depth, row_size = along_depth ? Depth : Lines,
                         stride = row_size + 8;
    using number = typename Factor::number;
    alignas(16) number at[rows * stride];

    WEFT_DEVICE static constexpr int place(int line, int k) {
        return along_depth ? line * stride + k : k * stride + line;
    }
    /// From one piece of 16 of the depth to the next, and from one piece of 16 lines.
    static constexpr int depth_step = along_depth ? 16 : 16 * stride,
                         line_step = along_depth ? 16 * stride : 16;
};

/// What a factor's lines have in common at each depth: so that not all of them need find it, factors may have
///     spot spot_of(int k, int last) const;
///     void load_at(const line&, const spot*, int k, int last, T* to) const;  // as load: spots from k on
/// and here they are in shared memory, of this piece of the depth and the next.
struct no_spots {
    template <class Factor>
    WEFT_DEVICE void find(const Factor&, int, int, int) {}
    template <class Factor, class Line, class T>
    WEFT_DEVICE void load(const Factor& f, const Line& line, int from, int k, int last, T* to) const {
        f.load(line, k + from, last, to);
    }
};
template <class Factor, int Depth>
struct depth_spots {
    typename Factor::spot at[Depth];

    WEFT_DEVICE void find(const Factor& f, int k, int last, int t) {
        if (t < Depth) at[t] = f.spot_of(k + t, last);
    }
    template <class Line, class T>
    WEFT_DEVICE void load(const Factor& f, const Line& line, int from, int k, int last, T* to) const {
        f.load_at(line, at + from, k + from, last, to);
    }
};
template <class Factor, int Depth>
struct spots_of {
    using type = no_spots;
};
template <class Factor, int Depth>
requires requires { typename Factor::spot; }
struct spots_of<Factor, Depth> {
    using type = depth_spots<Factor, Depth>;
};

/// What a thread brings of one factor to shared memory; see tile_loader.
template <class Factor, int Lines, int Depth, int Threads>
struct warp_loader {
    using spots = typename spots_of<Factor, Depth>::type;
    using number = typename Factor::number;
    using room = warp_factor<Factor, Lines, Depth>;
    static constexpr int width = Factor::width, across = room::row_size / width,
                         turns = Lines * Depth / width / Threads;
    static_assert(turns * width * Threads == Lines * Depth && room::row_size % width == 0);
    static_assert(width == 1 || width == pack<number>::size);

    number staged[turns][width];

    WEFT_DEVICE static constexpr int line_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return Factor::along_depth ? unit / across : unit % across * width;
    }
    WEFT_DEVICE static constexpr int depth_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return Factor::along_depth ? unit % across * width : unit / across;
    }
    WEFT_DEVICE void load(const Factor& f, const typename Factor::line (&lines)[Lines], const spots& along,
                          int k, int last, int t) {
        WEFT_UNROLL(32)
        for (int s = 0; s < turns; ++s)
            along.load(f, lines[line_at(t, s)], depth_at(t, s), k, last, staged[s]);
    }
    WEFT_DEVICE void store(room& to, int t) const {
        WEFT_UNROLL(32)
        for (int s = 0; s < turns; ++s) {
            number* const place = to.at + room::place(line_at(t, s), depth_at(t, s));
            if constexpr (width == 1) {
                *place = staged[s][0];
            } else {
                pack<number> p;
                for (int e = 0; e < width; ++e) p.at[e] = staged[s][e];
                p.store(place);
            }
        }
    }
};

/// tiled_product of factors in 16 bits, which are multiplied exactly and summed as floats. (On a device in
/// another order than the twin does, which sums along the depth.)
template <class Shape, class A, class B, class Results>
struct warp_tiled_product {
    static constexpr int threads = Shape::threads;
    using number = typename A::number;
    using left = warp_factor<A, Shape::rows, Shape::depth>;
    using right = warp_factor<B, Shape::columns, Shape::depth>;
    /// Rows of results that pass through shared memory at once; 8 numbers apart, pairs of a warp spread over
    /// the banks.
    static constexpr int results_at_once = Shape::down * 16, results_stride = Shape::columns + 8;
    struct halves {
        left a[2];
        right b[2];
    };
    struct shared {
        typename A::line a[Shape::rows];
        typename B::line b[Shape::columns];
        typename spots_of<A, Shape::depth>::type a_spots[2];
        typename spots_of<B, Shape::depth>::type b_spots[2];
        union {
            halves of;
            alignas(16) float results[results_at_once][results_stride];
        };
    };

    A a;
    B b;
    Results to;
    product_sizes sizes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const tile_place at(sizes, Shape::rows, Shape::columns, block.index());
        const bool sums_lines = to.wants_lines(at);
        for (const int t : block) {
            for (int i = t; i < Shape::rows; i += threads) memory.a[i] = a.line_of(at.z, at.first_row + i);
            for (int j = t; j < Shape::columns; j += threads)
                memory.b[j] = b.line_of(at.z, at.first_column + j);
            find_spots(memory, at, at.begin, 0, t);
            find_spots(memory, at, at.begin + Shape::depth, 1, t);
        }
        block.sync();
        per_thread<Block, staged> next;
        per_thread<Block, sums> all;
        per_thread<Block, float> line_sum;
        for (const int t : block) {
            all[t].clear();
            line_sum[t] = 0;
            load(memory, at, at.begin, 0, next[t], t);
            next[t].a.store(memory.of.a[0], t);
            next[t].b.store(memory.of.b[0], t);
        }
        block.sync();
        int half = 0;
        for (int k = at.begin; k < at.last; k += Shape::depth) {
            const bool goes_on = at.last - k > Shape::depth;
            if (goes_on)
                for (const int t : block) {
                    load(memory, at, k + Shape::depth, 1 - half, next[t], t);
                    find_spots(memory, at, k + 2 * Shape::depth, half, t);
                }
            multiply(block, memory.of.a[half], memory.of.b[half], all);
            if (sums_lines)
                for (const int t : block) add_line(memory.of.a[half], line_sum[t], t);
            if (goes_on)
                for (const int t : block) {
                    next[t].a.store(memory.of.a[1 - half], t);
                    next[t].b.store(memory.of.b[1 - half], t);
                }
            block.sync();
            half = 1 - half;
        }
        if (sums_lines)
            for (const int t : block)
                if (t < Shape::rows && at.first_row + t < sizes.rows)
                    to.write_line(line_sum[t], at, std::int64_t(at.z) * sizes.rows + at.first_row + t);
        // A row of pieces at a time; see tiled_product.
        for (int i = 0; i < Shape::m; ++i) {
            for (const int t : block) put(all[t], i, memory.results, t);
            block.sync();
            const int each = to.result.packs ? pack<float>::size : 1, across_it = Shape::columns / each;
            for (const int t : block)
                for (int u = t; u < results_at_once * across_it; u += threads) {
                    const int from = u / across_it, column = u % across_it * each;
                    const int row = at.first_row + (from / 16 * Shape::m + i) * 16 + from % 16;
                    if (row < sizes.rows && at.first_column + column < sizes.columns)
                        to.write(&memory.results[from][column], at, row, at.first_column + column);
                }
            block.sync();
        }
    }

private:
    using sums = warp_sums<Shape::m, Shape::n>;
    struct staged {
        warp_loader<A, Shape::rows, Shape::depth, threads> a;
        warp_loader<B, Shape::columns, Shape::depth, threads> b;
    };
    WEFT_DEVICE static constexpr int row_of(int t) { return t / warp / Shape::across * Shape::m * 16; }
    WEFT_DEVICE static constexpr int column_of(int t) { return t / warp % Shape::across * Shape::n * 8; }

    WEFT_DEVICE void load(const shared& memory, const tile_place& at, int k, int half, staged& to_registers,
                          int t) const {
        to_registers.a.load(a, memory.a, memory.a_spots[half], k, at.last, t);
        to_registers.b.load(b, memory.b, memory.b_spots[half], k, at.last, t);
    }
    /// Nobody reads those of the piece that is in shared memory.
    WEFT_DEVICE void find_spots(shared& memory, const tile_place& at, int k, int half, int t) const {
        memory.a_spots[half].find(a, k, at.last, t);
        memory.b_spots[half].find(b, k, at.last, t);
    }
    template <class Block>
    WEFT_DEVICE static void multiply(const Block& block, const left& x, const right& y,
                                     per_thread<Block, sums>& all) {
        per_thread<Block, const number*> x_rows, y_rows;
        for (const int t : block) {
            const int lane = t % warp;
            x_rows[t] = x.at + left::place(row_of(t), 0) +
                        (A::along_depth ? downwards(lane, left::stride) : rightwards(lane, left::stride));
            y_rows[t] = y.at + right::place(column_of(t), 0) +
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
            block.template multiply_add<number>(of_x, of_y, all);
        }
    }
    WEFT_DEVICE static void add_line(const left& x, float& sum, int t) {
        if (t >= Shape::rows) return;
        if constexpr (A::along_depth) {
            for (int k = 0; k < Shape::depth; k += pack<number>::size) {
                const pack<number> p = pack<number>::load(x.at + left::place(t, k));
                for (int e = 0; e < pack<number>::size; ++e) sum += float(p.at[e]);
            }
        } else {
            for (int k = 0; k < Shape::depth; ++k) sum += float(x.at[left::place(t, k)]);
        }
    }
    /// Row i of this thread's pieces; a constant index for each, or they would leave the registers.
    WEFT_DEVICE static void put(const sums& s, int i, float (&to)[results_at_once][results_stride], int t) {
        WEFT_UNROLL(32)
        for (int j = 0; j < Shape::n; ++j) WEFT_UNROLL(2)
        for (int h = 0; h < 2; ++h) {
            pack<float, 2> p{{s.at[0][j][2 * h], s.at[0][j][2 * h + 1]}};
            WEFT_UNROLL(16)
            for (int r = 1; r < Shape::m; ++r) {
                p.at[0] = r == i ? s.at[r][j][2 * h] : p.at[0];
                p.at[1] = r == i ? s.at[r][j][2 * h + 1] : p.at[1];
            }
            p.store(&to[row_of(t) / Shape::m + sum_row(t, 2 * h)][column_of(t) + j * 8 + sum_column(t, 0)]);
        }
    }
};

}  // namespace weft::cuda_backend
