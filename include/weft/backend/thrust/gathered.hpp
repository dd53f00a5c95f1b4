#pragma once

#include <algorithm>

#include "convolution.hpp"

// Convolutions by a system's library of matrix products: their factors are gathered to scratch memory first.
namespace weft::thrust_backend {

/// The products of a convolution: out[z][rows, columns] = a[z] b[z], where z counts groups, and samples too
/// unless they are in the depth.
struct gathered_sizes {
    std::ptrdiff_t groups, count, rows, columns, depth;
    std::ptrdiff_t depth_at_once, count_at_once;  ///< of what is gathered before it is multiplied

    /// So many numbers are gathered at once, where that is more than one product's.
    static constexpr std::ptrdiff_t room = std::ptrdiff_t(1) << 22;

    gathered_sizes(const graph::node& n, std::ptrdiff_t batch) {
        const convolution_sizes s(reference_backend::geometry_of(n));
        const std::ptrdiff_t of_filter = s.channels * s.taps;
        groups = s.g.groups;
        if (n.op == graph::opcode::conv2d_weights) {
            count = groups;
            rows = s.filters, columns = of_filter, depth = batch * s.plane_out;
            depth_at_once = std::min(depth, std::max<std::ptrdiff_t>(room / (rows + columns), 1));
        } else {
            const bool backward = n.op == graph::opcode::conv2d_data;
            count = batch * groups;
            rows = backward ? s.channels : s.filters;
            columns = backward ? s.plane_in : s.plane_out;
            depth = depth_at_once = backward ? s.filters * s.taps : of_filter;
        }
        count_at_once = std::min(count, std::max<std::ptrdiff_t>(room / (columns * depth_at_once), 1));
    }
    /// Numbers of scratch: the left factors of all groups, and some of the right ones.
    std::ptrdiff_t scratch() const { return (groups * rows + count_at_once * columns) * depth_at_once; }
};

/// a[z][i, k] for depth [first, first + depth), row after row, for z < groups.
template <class T, class A>
struct gather_rows {
    A a;
    T* to;
    std::ptrdiff_t rows, first, depth;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t row = index / depth, k = first + index % depth;
        to[index] = a.row(row / rows, row % rows)[a.offset(k)];
    }
};
/// b[z][k, j], column after column, for z from first_z on; each call a piece of a column.
template <class T, class B>
struct gather_columns {
    static constexpr std::ptrdiff_t piece = 16;
    B b;
    T* to;
    std::ptrdiff_t first_z, columns, first, depth;

    std::ptrdiff_t tasks(std::ptrdiff_t count) const { return count * columns * pieces(depth, piece); }
    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t in_column = (depth + piece - 1) / piece, column = index / in_column,
                             k = index % in_column * piece;
        const int size = int(depth - k < piece ? depth - k : piece);
        b.template pack<1>(first_z + column / columns, first + k, size, column % columns, 1,
                           to + column * depth + k);
    }
};

template <class System, class T, class A, class B>
void multiply_gathered(const System& on, const gathered_sizes& s, const A& a, const B& b, T* out,
                       T* scratch) {
    T *const left = scratch, *const right = scratch + s.groups * s.rows * s.depth_at_once;
    for (std::ptrdiff_t first = 0; first < s.depth; first += s.depth_at_once) {
        const std::ptrdiff_t depth = std::min(s.depth_at_once, s.depth - first);
        for_each_index(on, s.groups * s.rows * depth, 1, gather_rows<T, A>{a, left, s.rows, first, depth});
        for (std::ptrdiff_t z = 0; z < s.count; z += s.count_at_once) {
            const std::ptrdiff_t count = std::min(s.count_at_once, s.count - z);
            const gather_columns<T, B> gather{b, right, z, s.columns, first, depth};
            for_each_index(on, gather.tasks(count), gather.piece, gather);
            // Rows are the library's columns: each product is of the transposes.
            for (std::ptrdiff_t i = 0; i < count; ++i)
                on.multiply_columns(true, false, s.columns, s.rows, depth, right + i * s.columns * depth,
                                    depth, left + (z + i) % s.groups * s.rows * depth, depth,
                                    out + (z + i) * s.rows * s.columns, first > 0);
        }
    }
}

/// conv2d, conv2d_data and conv2d_weights with what follows, where the system has a library.
template <graph::opcode Op, class Chain, class System, class T>
void gathered_convolution(const System& on, const graph::node& n, const arguments<T>& a, T* scratch) {
    const convolution_sizes s(reference_backend::geometry_of(n));
    const gathered_sizes sizes(n, a.batch);
    if constexpr (Op == graph::opcode::conv2d_weights) {
        multiply_gathered(on, sizes, gradient_rows<T>{s, a.in[1]}, tap_columns<T>{s, a.in[0]}, a.out[0],
                          scratch);
        sum_filters(on, s, a);
    } else {
        if constexpr (Op == graph::opcode::conv2d)
            multiply_gathered(on, sizes, filter_rows<T>{s, a.in[1]}, image_taps<T>{s, a.in[0]}, a.out[0],
                              scratch);
        else
            multiply_gathered(on, sizes, channel_rows<T>{s, a.in[1]}, gradient_taps<T>{s, a.in[0]}, a.out[0],
                              scratch);
        finish<Chain>(on, n, a);
    }
}

}  // namespace weft::thrust_backend
