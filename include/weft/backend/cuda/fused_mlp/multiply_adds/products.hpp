#pragma once

#include "../layers.hpp"

namespace weft::cuda_backend {

/// A row of a matrix in shared memory is one feature of all samples of a tile; the pad keeps threads that
/// read neighbouring features off each other's banks.
constexpr int stride_of(int rows) { return rows + 4; }
/// Two slices each of weights and of inputs, so that one is filled while the other is used.
constexpr int stage_size(int rows, int widest) {
    return larger(2 * slice * (stride_of(rows) + widest + 4), 64 * stride_of(rows));
}

/// Which sums of a [Rows, Cols] tile a thread has: `rows` x `cols` of them, in runs that one load of 16 bytes
/// covers and that lie far apart, so that neighbouring threads read neighbouring numbers.
template <int Rows, int Threads, int Cols>
struct tile_layout {
    struct sides {
        int rows, cols;
    };
    static constexpr sides choose() {
        sides best{8, 8};
        for (int r = 8; r > 0; r /= 2)
            for (int c = 8; c > 0; c /= 2) {
                if ((Rows / r) * (Cols / c) > Threads) continue;
                const int now = best.rows * best.cols, wide = best.rows > best.cols ? best.rows : best.cols;
                if (r * c < now || (r * c == now && (r > c ? r : c) < wide)) best = {r, c};
            }
        return best;
    }
    static constexpr int rows = choose().rows, cols = choose().cols, row_threads = Rows / rows,
                         col_threads = Cols / cols;
    static_assert(Rows % 8 == 0 && Cols % 8 == 0 && row_threads * col_threads <= Threads);

    template <class T>
    static constexpr int row_run = rows < pack<T>::size ? rows : pack<T>::size;
    template <class T>
    static constexpr int col_run = cols < pack<T>::size ? cols : pack<T>::size;

    WEFT_DEVICE static constexpr bool active(int t) { return t < row_threads * col_threads; }
    /// The tile's row of sum i (the first of a run) of thread t.
    template <class T>
    WEFT_DEVICE static constexpr int row(int t, int i) {
        return i * row_threads + t % row_threads * row_run<T>;
    }
    /// The tile's column of sum j of thread t.
    template <class T>
    WEFT_DEVICE static constexpr int col(int t, int j) {
        constexpr int run = col_run<T>;
        return j / run * run * col_threads + t / row_threads * run + j % run;
    }
};

/// A thread's sums.
template <class Layout, class T>
struct tile_sums {
    T at[Layout::cols][Layout::rows];
};

/// Stores a run of numbers, or loads one.
template <int Run, class T>
WEFT_DEVICE void store_run(const T (&from)[Run], T* to) {
    if constexpr (Run == pack<T>::size) {
        pack<T> p;
        WEFT_UNROLL(16)
        for (int i = 0; i < Run; ++i) p.at[i] = from[i];
        p.store(to);
    } else {
        WEFT_UNROLL(16)
        for (int i = 0; i < Run; ++i) to[i] = from[i];
    }
}

/// Count numbers, in runs as long as a load of 16 bytes; `step` is from run to run.
template <int Count, class T>
WEFT_DEVICE void load_runs(const T* from, int step, T (&to)[Count]) {
    if constexpr (Count < pack<T>::size) {
        WEFT_UNROLL(16)
        for (int i = 0; i < Count; ++i) to[i] = from[i];
    } else {
        WEFT_UNROLL(16)
        for (int run = 0; run < Count / pack<T>::size; ++run) {
            const pack<T> p = pack<T>::load(from + run * step);
            WEFT_UNROLL(16)
            for (int i = 0; i < pack<T>::size; ++i) to[run * pack<T>::size + i] = p.at[i];
        }
    }
}

/// sums += the products of a slice: x[k][row] w[k][col].
template <class Layout>
struct tile_multiply {
    template <class T>
    WEFT_DEVICE static void run(int t, const T* x, int x_stride, const T* w, int w_stride,
                                tile_sums<Layout, T>& sums) {
        x += Layout::template row<T>(t, 0);
        w += Layout::template col<T>(t, 0);
        constexpr int row_step = Layout::template row_run<T> * Layout::row_threads,
                      col_step = Layout::template col_run<T> * Layout::col_threads;
        WEFT_UNROLL(2)  // more would cost a second block its registers
        for (int k = 0; k < slice; ++k) {
            T a[Layout::rows], b[Layout::cols];
            load_runs(x + k * x_stride, row_step, a);
            load_runs(w + k * w_stride, col_step, b);
            WEFT_UNROLL(16)
            for (int j = 0; j < Layout::cols; ++j) WEFT_UNROLL(16)
            for (int i = 0; i < Layout::rows; ++i) sums.at[j][i] += a[i] * b[j];
        }
    }
};

/// Writes a thread's sums to [column][row] in shared memory, and then goes over its runs of rows once more:
/// each(column, row, address). What a function does to so many numbers would not fit in registers at once.
template <int Rows, class Layout, class T, class Each>
WEFT_DEVICE void finish_sums(int t, const tile_sums<Layout, T>& sums, T* to, const Each& each) {
    constexpr int run = Layout::template row_run<T>;
    if (!Layout::active(t)) return;
    WEFT_UNROLL(16)
    for (int j = 0; j < Layout::cols; ++j) {
        WEFT_UNROLL(16)
        for (int i = 0; i < Layout::rows; i += run) {
            T x[run];
            WEFT_UNROLL(16)
            for (int r = 0; r < run; ++r) x[r] = sums.at[j][i + r];
            store_run(x,
                      to + Layout::template col<T>(t, j) * stride_of(Rows) + Layout::template row<T>(t, i));
        }
    }
    for (int j = 0; j < Layout::cols; ++j)
        for (int i = 0; i < Layout::rows; i += run) {
            const int col = Layout::template col<T>(t, j), row = Layout::template row<T>(t, i);
            each(col, row, to + col * stride_of(Rows) + row);
        }
}

/// sums = x w over K terms, a slice at a time: while one is multiplied the next is on its way. Others may
/// read and write what x and w are made of right after it.
template <int K, int Rows, class Layout, class T, class Block, class X, class W>
WEFT_DEVICE void multiply_slices(const Block& block, const X& x, const W& w, T* stage,
                                 per_thread<Block, tile_sums<Layout, T>>& sums) {
    constexpr int slices = (K + slice - 1) / slice, x_size = slice * stride_of(Rows),
                  w_size = slice * W::stride;
    T* const w_stage = stage + 2 * x_size;
    for (const int t : block) {
        WEFT_UNROLL(16)
        for (int j = 0; j < Layout::cols; ++j) WEFT_UNROLL(16)
        for (int i = 0; i < Layout::rows; ++i) sums[t].at[j][i] = T(0);
        typename X::held hx;
        typename W::held hw;
        x.load(t, 0, hx);
        w.load(t, 0, hw);
        x.store(t, hx, stage);
        w.store(t, hw, w_stage);
    }
    block.sync();
    for (int s = 0; s < slices; ++s) {
        const int now = s % 2, next = 1 - now;
        for (const int t : block) {
            typename X::held hx;
            typename W::held hw;
            if (s + 1 < slices) {
                x.load(t, (s + 1) * slice, hx);
                w.load(t, (s + 1) * slice, hw);
            }
            if (Layout::active(t))
                tile_multiply<Layout>::run(t, x.at(s * slice, stage + now * x_size), stride_of(Rows),
                                           w_stage + now * w_size, W::stride, sums[t]);
            if (s + 1 < slices) {
                x.store(t, hx, stage + next * x_size);
                w.store(t, hw, w_stage + next * w_size);
            }
        }
        block.sync();
    }
}

}  // namespace weft::cuda_backend
