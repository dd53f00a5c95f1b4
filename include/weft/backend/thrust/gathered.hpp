#pragma once

#include <algorithm>

#include "convolution_factors.hpp"

// Convolutions by a system's library of matrix products: their factors are gathered to scratch memory first.
namespace weft::thrust_backend {

/// The products of a convolution: out[z][rows, columns] = a[z] b[z], where z counts groups, and samples too
/// unless they are in the depth.
struct gathered_sizes {
    std::ptrdiff_t groups, count, rows, columns, depth;
    std::ptrdiff_t depth_at_once = depth;  ///< of what is gathered before it is multiplied
    std::ptrdiff_t count_at_once = products_at_once();

    /// So many numbers are gathered at once, where that is more than one product's.
    static constexpr std::ptrdiff_t room = std::ptrdiff_t(1) << 22;

    static gathered_sizes of(const graph::conv2d& p, std::ptrdiff_t batch) {
        const convolution_sizes s(p.g);
        return {s.g.groups, batch * s.g.groups, s.filters, s.plane_out, s.channels * s.taps};
    }
    static gathered_sizes of(const graph::conv2d_data& p, std::ptrdiff_t batch) {
        const convolution_sizes s(p.g);
        return {s.g.groups, batch * s.g.groups, s.channels, s.plane_in, s.filters * s.taps};
    }
    static gathered_sizes of(const graph::conv2d_weights& p, std::ptrdiff_t batch) {
        const convolution_sizes s(p.g);
        const std::ptrdiff_t columns = s.channels * s.taps, depth = batch * s.plane_out;
        return {s.g.groups, s.g.groups,
                s.filters,  columns,
                depth,      std::min(depth, std::max<std::ptrdiff_t>(room / (s.filters + columns), 1))};
    }
    std::ptrdiff_t products_at_once() const {
        return std::min(count, std::max<std::ptrdiff_t>(room / (columns * depth_at_once), 1));
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

}  // namespace weft::thrust_backend
