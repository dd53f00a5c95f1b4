#pragma once

#include "gemv.hpp"
#include "pack.hpp"
#include "threads.hpp"

namespace weft::cpu_backend {

/// Sizes of the cache blocks: constants, never what a machine reports, so that the same sums come out
/// everywhere a packet has the same size.
template <class T>
struct blocks {
    static constexpr std::ptrdiff_t panel_bytes =
        24 * 1024;  // a panel of the right-hand side, in the first cache
    static constexpr std::ptrdiff_t block_bytes = 512 * 1024;  // all its panels, in the second
    static constexpr std::ptrdiff_t depth = panel_bytes / std::ptrdiff_t(tile<T>::columns * sizeof(T));
    static constexpr std::ptrdiff_t columns = block_bytes / panel_bytes * std::ptrdiff_t(tile<T>::columns);
    static constexpr std::ptrdiff_t rows = 64;
    /// Up to this many rows, shifted views of an image are read where they are.
    static constexpr std::ptrdiff_t few_rows = 2 * tile<T>::rows;
    /// Up to this many rows, a right-hand side with contiguous rows is read where it is; fewer where its rows
    /// push each other out of the first cache, but a tall tile has enough to do to wait for the second.
    static constexpr bool tall = tile<T>::rows >= 8;
    static constexpr std::ptrdiff_t in_place_rows = 32 * tile<T>::rows;
    static constexpr std::ptrdiff_t colliding_rows = tall ? 64 : 8;
    /// Up to this many columns of b, a with contiguous columns is read where it is.
    static constexpr std::ptrdiff_t strided_columns = (tall ? 64 : 16) * tile<T>::columns;
    /// Up to this many rows (or columns), dot products beat packing.
    static constexpr std::ptrdiff_t dot_rows = 6;
    static constexpr std::ptrdiff_t dot_columns = tile<T>::lanes / 4;
    /// Multiply-adds that are worth another thread.
    static constexpr std::ptrdiff_t work = 1 << 16;
};

namespace detail {

constexpr std::ptrdiff_t smaller(std::ptrdiff_t a, std::ptrdiff_t b) { return a < b ? a : b; }
constexpr std::ptrdiff_t round_up(std::ptrdiff_t value, std::ptrdiff_t to) {
    return (value + to - 1) / to * to;
}

/// The depth of one of the nearly equal blocks that k is cut into.
template <class T>
constexpr std::ptrdiff_t block_depth(std::ptrdiff_t k) {
    const std::ptrdiff_t count = (k + blocks<T>::depth - 1) / blocks<T>::depth;
    return count < 2 ? k : round_up((k + count - 1) / count, 4);
}

/// Scratch of one thread: the packed block of b, then the packed block of a. A narrow tile has a panel of its
/// own.
template <class T>
constexpr std::ptrdiff_t packed_b_size(std::ptrdiff_t n, std::ptrdiff_t k) {
    constexpr std::ptrdiff_t width = tile<T>::columns;
    const std::ptrdiff_t narrow = tile<T>::narrow_lanes < tile<T>::lanes ? width : 0;
    const std::ptrdiff_t panels = round_up(smaller(n, blocks<T>::columns), width) + narrow;
    return round_up(panels * smaller(k, blocks<T>::depth), 16);
}
template <class T>
constexpr std::ptrdiff_t packed_a_size(std::ptrdiff_t m, std::ptrdiff_t k) {
    return round_up(smaller(m, blocks<T>::rows) * smaller(k, blocks<T>::depth), 16);
}

/// One product, or the part of it that one thread computes.
template <class T>
struct product {
    std::ptrdiff_t m, n, k;
    matrix_ref<T> a, b;
    T* c;
    std::ptrdiff_t ldc;
    bool accumulate;
    T* scratch;
    epilogue finish;
    std::ptrdiff_t first_row = 0;
};

/// Whether b is read where it is: its rows are contiguous, and packing would not pay.
template <class T>
bool reads_in_place(const product<T>& g) {
    // Rows a multiple of this apart would push each other out of the first cache.
    const bool apart = g.b.row_stride * std::ptrdiff_t(sizeof(T)) % 256 != 0;
    return g.b.col_stride == 1 && g.m <= (apart ? blocks<T>::in_place_rows : blocks<T>::colliding_rows);
}

/// One tile, `width` columns wide, of which only [from, to) are wanted and perhaps inside c.
template <class T>
[[gnu::noinline]] void multiply_clipped(tile_function<T> kernel, int rows, int from, int to, int width,
                                        std::ptrdiff_t depth, const T* a, std::ptrdiff_t a_row,
                                        std::ptrdiff_t a_col, const T* b, const std::ptrdiff_t* offsets, T* c,
                                        std::ptrdiff_t ldc, bool accumulate) {
    if (to - from == width) return kernel(depth, a, a_row, a_col, b, offsets, c, ldc, accumulate);
    alignas(64) T buffer[tile<T>::rows * tile<T>::columns];
    kernel(depth, a, a_row, a_col, b, offsets, buffer, tile<T>::columns, false);
    for (int r = 0; r < rows; ++r) {
        T* out = c + r * ldc;
        const T* in = buffer + r * tile<T>::columns;
        if (!accumulate)
            copy_row(in + from, to - from, out + from);
        else
            for (int j = from; j < to; ++j) out[j] += in[j];
    }
}

/// The product of one block: columns [first, last) and depth [p, p + depth).
template <class T>
[[gnu::noinline]] void multiply_block(const product<T>& g, std::ptrdiff_t first, std::ptrdiff_t last,
                                      std::ptrdiff_t p, std::ptrdiff_t depth) {
    constexpr int pitch = tile<T>::columns;
    const bool direct = reads_in_place(g);
    const bool pack_a = g.a.col_stride != 1 && g.n > blocks<T>::strided_columns && g.m > 1;
    const bool accumulate = g.accumulate || p > 0;
    std::ptrdiff_t packed_offsets[blocks<T>::depth], direct_offsets[blocks<T>::depth];
    for (std::ptrdiff_t i = 0; i < depth; ++i) packed_offsets[i] = i * pitch;
    if (direct)
        for (std::ptrdiff_t i = 0; i < depth; ++i) direct_offsets[i] = i * g.b.row_stride;
    std::ptrdiff_t column_offsets[pitch];
    for (int j = 0; j < pitch; ++j) column_offsets[j] = j * g.b.col_stride;
    T* const packed_b = g.scratch;
    T* const packed_a = g.scratch + packed_b_size<T>(g.n, g.k);

    for (std::ptrdiff_t row = 0; row < g.m; row += blocks<T>::rows) {
        const std::ptrdiff_t rows = smaller(g.m - row, blocks<T>::rows);
        if (pack_a) pack_rows<T>({g.a.at(row, p), g.a.row_stride, g.a.col_stride}, rows, depth, packed_a);
        T* panel = packed_b;
        for (std::ptrdiff_t next = first; next < last;) {
            const int packets = next_packets<T>(last - next);
            const int width = tile_width<T>(packets);
            // The last tile moves back over columns that are done; in a block too narrow for that it is cut.
            const std::ptrdiff_t j = last - next < width && last - first >= width ? last - width : next;
            const int from = int(next - j), to = int(smaller(last - j, width));
            const bool in_place = direct && to == width;
            if (row == 0 && !in_place) {
                if (g.b.col_stride == 1)
                    pack_straight(g.b.at(p, j), g.b.row_stride, depth, to, panel);
                else
                    pack_transposed(g.b.at(p, j), column_offsets, depth, to, width, panel);
            }
            const T* b = in_place ? g.b.at(p, j) : panel;
            const std::ptrdiff_t* offsets = in_place ? direct_offsets : packed_offsets;
            // Doing columns again gives the same numbers, unless they are added.
            const int start = accumulate ? from : 0;
            for (std::ptrdiff_t i = 0; i < rows;) {
                const int height = tile_rows<T>(rows - i);
                const T* a = pack_a ? packed_a + i * depth : g.a.at(row + i, p);
                const std::ptrdiff_t a_row = pack_a ? 1 : g.a.row_stride;
                const std::ptrdiff_t a_col = pack_a ? height : g.a.col_stride;
                T* const c = g.c + (row + i) * g.ldc + j;
                const auto kernel = tile_kernel<T>(height, packets);
                if (to - start == width)
                    kernel(depth, a, a_row, a_col, b, offsets, c, g.ldc, accumulate);
                else
                    multiply_clipped(kernel, height, start, to, width, depth, a, a_row, a_col, b, offsets, c,
                                     g.ldc, accumulate);
                i += height;
            }
            next = j + to;
            if (g.m > blocks<T>::rows) panel += depth * pitch;  // else nobody reads this one again
        }
        if (last == g.n && p + depth == g.k) g.finish(g.first_row + row, rows);
    }
}

template <class T>
[[gnu::noinline]] void multiply_blocks(const product<T>& g) {
    const std::ptrdiff_t step = block_depth<T>(g.k);
    for (std::ptrdiff_t j = 0; j < g.n; j += blocks<T>::columns)
        for (std::ptrdiff_t p = 0; p < g.k; p += step)
            multiply_block(g, j, smaller(g.n, j + blocks<T>::columns), p, smaller(step, g.k - p));
}

/// Dot products along the depth, of which both sides have contiguous rows. The smaller side is read once.
template <class T>
[[gnu::noinline]] void multiply_dots(const product<T>& g) {
    constexpr int R = tile<T>::dot_rows, Q = tile<T>::dot_columns, lanes = tile<T>::lanes;
    const bool turn = g.n < g.m && g.n <= blocks<T>::dot_columns;
    const std::ptrdiff_t left_count = turn ? g.n : g.m, right_count = turn ? g.m : g.n;
    const std::ptrdiff_t left_row = turn ? g.b.col_stride : g.a.row_stride;
    const std::ptrdiff_t right_row = turn ? g.a.row_stride : g.b.col_stride;
    const std::ptrdiff_t rest = g.k % lanes;
    alignas(64) T end[R * lanes];
    std::ptrdiff_t offsets[Q];
    for (int q = 0; q < Q; ++q) offsets[q] = q * right_row;
    dots<T> d{g.k,         nullptr, left_row, 0,       rest != 0 ? end : nullptr, nullptr,
              offsets,     0,       1,        nullptr, turn ? 1 : g.ldc,          turn ? g.ldc : 1,
              g.accumulate};
    for (std::ptrdiff_t i = 0; i < left_count; i += R) {
        const int rows = int(smaller(R, left_count - i));
        d.left = (turn ? g.b.data : g.a.data) + i * left_row;
        for (int l = 0; l < rows * lanes && rest != 0; ++l)
            end[l] = l % lanes < lanes - rest ? T(0) : d.left[l / lanes * left_row + g.k - lanes + l % lanes];
        for (std::ptrdiff_t j = 0; j < right_count; j += Q) {
            d.right = (turn ? g.a.data : g.b.data) + j * right_row;
            d.out = g.c + i * d.out_row + j * d.out_column;
            multiply_dot_tile(d, rows, int(smaller(Q, right_count - j)));
        }
    }
    g.finish(g.first_row, g.m);
}

template <class T>
struct shared_product {
    product<T> whole;
    bool dots, by_rows;
    int parts;
    std::ptrdiff_t scratch_step;

    static void run(void* context, int part) {
        const auto& self = *static_cast<const shared_product*>(context);
        product<T> g = self.whole;
        g.scratch += part * self.scratch_step;
        if (self.by_rows) {
            const range r = share(g.m, tile<T>::rows, part, self.parts);
            g.a.data = g.a.at(r.begin, 0);
            g.c += r.begin * g.ldc;
            g.first_row += r.begin;
            g.m = r.end - r.begin;
        } else if (self.parts > 1) {
            const range r = share(g.n, self.dots ? tile<T>::dot_columns : tile<T>::columns, part, self.parts);
            g.b.data = g.b.at(0, r.begin);
            g.c += r.begin;
            g.n = r.end - r.begin;
            g.finish = {};
        }
        if (g.m <= 0 || g.n <= 0) return;
        if (self.dots)
            multiply_dots(g);
        else
            multiply_blocks(g);
    }
};

/// A product of one row or one column with contiguous vectors. True if it was one.
template <class T>
bool try_vector_product(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, matrix_ref<T> a,
                        matrix_ref<T> b, T* c, std::ptrdiff_t ldc) {
    if ((m != 1 && (n != 1 || ldc != 1)) || m * n * k > vector_product_limit) return false;
    const matrix_ref<T> w = m == 1 ? matrix_ref<T>{b.data, b.col_stride, b.row_stride} : a;
    if ((m == 1 ? a.col_stride : b.row_stride) != 1) return false;
    const T* const x = m == 1 ? a.data : b.data;
    const std::ptrdiff_t results = m == 1 ? n : m;
    if (w.col_stride == 1 && k >= tile<T>::lanes)
        matrix_vector(w.data, results, k, w.row_stride, x, c);
    else if (w.row_stride == 1)
        add_columns(w.data, results, k, w.col_stride, x, c);
    else
        return false;
    return true;
}

}  // namespace detail

/// Elements of scratch that `gemm` needs. It grows with each size, up to a bound for each thread.
template <class T>
constexpr std::size_t gemm_scratch(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, int threads) {
    return std::size_t(threads > 1 ? threads : 1) *
           std::size_t(detail::packed_b_size<T>(n, k) + detail::packed_a_size<T>(m, k));
}

/// c[m x n] (row-major, row i at c + i * ldc) = a[m x k] * b[k x n], or += when `accumulate`. `finish` is
/// called on ranges of finished rows, each row once, possibly from several threads. `scratch` holds
/// gemm_scratch<T>(m, n, k, team.size()) elements and is best aligned to 64 bytes. The result does not depend
/// on the number of threads.
template <class T>
void gemm(const thread_team& team, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, matrix_ref<T> a,
          matrix_ref<T> b, T* c, std::ptrdiff_t ldc, bool accumulate, T* scratch, epilogue finish = {}) {
    if (m <= 0) return;
    if (n <= 0 || k <= 0) {
        for (std::ptrdiff_t i = 0; i < m && !accumulate; ++i)
            for (std::ptrdiff_t j = 0; j < n; ++j) c[i * ldc + j] = T(0);
        finish(0, m);
        return;
    }
    if (!accumulate && detail::try_vector_product(m, n, k, a, b, c, ldc)) return finish(0, m);
    using limits = blocks<T>;
    const bool dots = b.row_stride == 1 && a.col_stride == 1 && k >= tile<T>::lanes &&
                      ((m <= limits::dot_rows && b.col_stride != 1) || n <= limits::dot_columns);
    const std::ptrdiff_t worth = m * n * k / limits::work + 1;
    const int parts = worth < team.size() ? int(worth) : team.size();
    const bool by_rows = parts > 1 && m >= 2 * tile<T>::rows * parts;
    const std::ptrdiff_t step = detail::packed_b_size<T>(n, k) + detail::packed_a_size<T>(m, k);
    detail::shared_product<T> job{
        {m, n, k, a, b, c, ldc, accumulate, scratch, finish}, dots, by_rows, parts, step};
    team.run(parts, detail::shared_product<T>::run, &job);
    if (parts > 1 && !by_rows) finish(0, m);
}

}  // namespace weft::cpu_backend
