#pragma once

#include <cstring>
#include <utility>

#include "elementwise.hpp"
#include "reduce.hpp"

namespace weft::thrust_backend {

/// The left factor a[row, k] of a product, one for all z.
template <class T>
struct strided_rows {
    const T* data;
    std::ptrdiff_t row_stride, depth_stride;

    WEFT_DEVICE const T* row(std::ptrdiff_t, std::ptrdiff_t i) const { return data + i * row_stride; }
    WEFT_DEVICE std::ptrdiff_t offset(std::ptrdiff_t k) const { return k * depth_stride; }
};
/// The right factor b[k, column].
template <class T>
struct strided_columns {
    const T* data;
    std::ptrdiff_t depth_stride, column_stride;

    /// Writes b[first, first + depth) x [column, column + columns) as rows of Width; the rest may be
    /// anything.
    template <int Width>
    WEFT_DEVICE void pack(std::ptrdiff_t, std::ptrdiff_t first, int depth, std::ptrdiff_t column, int columns,
                          T* to) const {
        const T* from = data + first * depth_stride + column * column_stride;
        if (column_stride == 1 && columns == Width) {
            for (int k = 0; k < depth; ++k) {
                WEFT_INDEPENDENT
                for (int j = 0; j < Width; ++j) to[k * Width + j] = from[k * depth_stride + j];
            }
        } else {
            for (int j = 0; j < columns; ++j)
                for (int k = 0; k < depth; ++k)
                    to[k * Width + j] = from[k * depth_stride + j * column_stride];
        }
    }
};

/// No steps follow.
struct no_tail {
    WEFT_DEVICE void finish(std::ptrdiff_t, std::ptrdiff_t) const {}
};

/// out[z][rows, columns] = a b for `count` z: one call does a block of rows by a few columns, with the sums
/// in registers, and runs the steps over its results. Sums go over k in order, in parts of Cut::depth, so
/// that the bits of a result depend on nothing but its factors.
template <class Cut, class T, class A, class B, class Tail,
          class = std::make_integer_sequence<int, Cut::rows>>
struct product_tiles;
template <class Cut, class T, class A, class B, class Tail, int... R>
struct product_tiles<Cut, T, A, B, Tail, std::integer_sequence<int, R...>> {
    using vector = typename side_by_side<T, Cut::vector_bytes>::type;
    static constexpr int width = side_by_side<T, Cut::vector_bytes>::count, height = Cut::rows;

    A a;
    B b;
    Tail tail;
    T* out;
    std::ptrdiff_t count, rows, columns, depth;

    WEFT_DEVICE std::ptrdiff_t panels() const { return pieces(columns, width); }
    WEFT_DEVICE std::ptrdiff_t blocks() const { return pieces(rows, Cut::row_block); }
    std::ptrdiff_t tasks() const { return count * blocks() * panels(); }
    /// of one task, in the time of elements
    std::ptrdiff_t work() const { return depth * (rows < Cut::row_block ? rows : Cut::row_block); }

    WEFT_DEVICE void operator()(std::ptrdiff_t task) const {
        const std::ptrdiff_t column = task % panels() * width, rest = task / panels();
        const std::ptrdiff_t first = rest % blocks() * Cut::row_block, z = rest / blocks();
        const std::ptrdiff_t last = first + Cut::row_block < rows ? first + Cut::row_block : rows;
        const int present = int(columns - column < width ? columns - column : width);
        alignas(64) T panel[std::size_t(Cut::depth * width)];
        std::ptrdiff_t offset[Cut::depth];
        if (present < width)
            for (T& x : panel) x = T(0);
        for (std::ptrdiff_t k = 0; k < depth; k += Cut::depth) {
            const int part = int(depth - k < Cut::depth ? depth - k : Cut::depth);
            b.template pack<width>(z, k, part, column, present, panel);
            for (int i = 0; i < part; ++i) offset[i] = a.offset(k + i);
            for (std::ptrdiff_t i = first; i < last; i += height)
                tile(z, i, column, present, panel, offset, part, k == 0, k + part == depth);
        }
    }

private:
    WEFT_DEVICE void tile(std::ptrdiff_t z, std::ptrdiff_t i, std::ptrdiff_t column, int present,
                          const T* panel, const std::ptrdiff_t* offset, int part, bool begins,
                          bool ends) const {
        // A tile that ends beyond the last row computes that row again, so that all rows take the same code.
        const T* const row[height] = {a.row(z, i + R < rows ? i + R : rows - 1)...};
        vector sum[height] = {};
        for (int k = 0; k < part; ++k) {
            vector right;
            std::memcpy(&right, panel + k * width, sizeof right);
            ((sum[R] += row[R][offset[k]] * right), ...);
        }
        for (int r = 0; r < height && i + r < rows; ++r) {
            T lane[width];
            std::memcpy(lane, &sum[r], sizeof lane);
            const std::ptrdiff_t at = (z * rows + i + r) * columns + column;
            for (int j = 0; j < present; ++j) out[at + j] = begins ? lane[j] : out[at + j] + lane[j];
            if (ends) tail.finish(at, at + present);
        }
    }
};

template <class System, class T, class A, class B, class Tail>
void multiply(const System& on, const A& a, const B& b, const Tail& tail, T* out, std::ptrdiff_t count,
              std::ptrdiff_t rows, std::ptrdiff_t columns, std::ptrdiff_t depth) {
    const product_tiles<typename System::cut, T, A, B, Tail> tiles{a,     b,    tail,    out,
                                                                   count, rows, columns, depth};
    for_each_index(on, tiles.tasks(), tiles.work(), tiles);
}

/// Matrix products of a system's library, where it has one:
/// multiply_columns(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, c, add) makes c[m, n] of a[m, k] and
/// b[k, n], each stored column after column, a and b perhaps transposed, or adds to it. weft stores rows, so
/// each product is of the transposes.
template <class System>
struct matrix_library {
    const System& on;

    /// y[rows, outs] = x[rows, depth] w[outs, depth]^T
    template <class T>
    void forward(const T* x, const T* w, T* y, std::ptrdiff_t rows, std::ptrdiff_t outs,
                 std::ptrdiff_t depth) const {
        on.multiply_columns(true, false, outs, rows, depth, w, depth, x, depth, y);
    }
    /// dx[rows, depth] = dy[rows, outs] w[outs, depth]
    template <class T>
    void data(const T* dy, const T* w, T* dx, std::ptrdiff_t rows, std::ptrdiff_t outs,
              std::ptrdiff_t depth) const {
        on.multiply_columns(false, false, depth, rows, outs, w, depth, dy, outs, dx);
    }
    /// dw[outs, depth] = dy[rows, outs]^T x[rows, depth]
    template <class T>
    void weights(const T* x, const T* dy, T* dw, std::ptrdiff_t rows, std::ptrdiff_t outs,
                 std::ptrdiff_t depth) const {
        on.multiply_columns(false, true, depth, outs, rows, x, depth, dy, outs, dw);
    }
};

template <>
struct kernel<graph::gemm> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::gemm>();
        const std::ptrdiff_t rows = std::ptrdiff_t(a.batch) * p.rows, outs = p.outs, depth = p.depth;
        if constexpr (System::has_matrix_library) {
            matrix_library<System>{on}.forward(a.in[0], a.in[1], a.out[0], rows, outs, depth);
            finish<Chain>(on, n, a);
        } else {
            multiply(on, strided_rows<T>{a.in[0], depth, 1}, strided_columns<T>{a.in[1], 1, depth},
                     chain_functor<Chain, T>(n, a), a.out[0], 1, rows, outs, depth);
        }
    }
};

template <>
struct kernel<graph::gemm_data> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::gemm_data>();
        const std::ptrdiff_t rows = std::ptrdiff_t(a.batch) * p.rows, outs = p.outs, depth = p.depth;
        if constexpr (System::has_matrix_library) {
            matrix_library<System>{on}.data(a.in[0], a.in[1], a.out[0], rows, outs, depth);
            finish<Chain>(on, n, a);
        } else {
            multiply(on, strided_rows<T>{a.in[0], outs, 1}, strided_columns<T>{a.in[1], depth, 1},
                     chain_functor<Chain, T>(n, a), a.out[0], 1, rows, depth, outs);
        }
    }
};

template <>
struct kernel<graph::gemm_weights> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::gemm_weights>();
        const std::ptrdiff_t rows = std::ptrdiff_t(a.batch) * p.rows, outs = p.outs, depth = p.depth;
        if constexpr (System::has_matrix_library)
            matrix_library<System>{on}.weights(a.in[0], a.in[1], a.out[0], rows, outs, depth);
        else
            multiply(on, strided_rows<T>{a.in[1], 1, outs}, strided_columns<T>{a.in[0], depth, 1}, no_tail{},
                     a.out[0], 1, outs, depth, rows);
        if (a.out[1]) sum_columns(on, a.in[1], a.out[1], 1, rows, outs, T(1));
    }
};

}  // namespace weft::thrust_backend
