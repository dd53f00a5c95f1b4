#pragma once

#include "../execution/access.hpp"

namespace weft::cuda_backend {

/// What a product computes: out[z][rows, columns] = a[z] b[z], in `splits` parts of the depth.
struct product_sizes {
    int count, rows, columns, depth, splits, split_depth;
};

/// A block's tile of a product, and the part of the depth that it sums: [begin, last). Tiles of the same
/// columns follow each other, so that b comes from the cache; or, with `columns_first`, those of the same
/// rows.
struct tile_place {
    int first_row, first_column, z, split, begin, last;

    WEFT_DEVICE tile_place(const product_sizes& s, int rows, int columns, std::int64_t index,
                           bool columns_first) {
        const unsigned down = unsigned(pieces(s.rows, rows)), across = unsigned(pieces(s.columns, columns)),
                       inner = columns_first ? across : down, outer = columns_first ? down : across;
        const unsigned tile = unsigned(index), fast = tile % inner, rest = tile / inner, slow = rest % outer,
                       more = rest / outer;
        first_row = int(columns_first ? slow : fast) * rows;
        first_column = int(columns_first ? fast : slow) * columns;
        z = int(more % unsigned(s.count));
        split = int(more / unsigned(s.count));
        begin = split * s.split_depth;
        last = s.depth - begin < s.split_depth ? s.depth : begin + s.split_depth;
    }
};

/// Where the sums of tiles go. `Result` says where in the product's result: int64 column(z, j), to which row
/// * row_stride is added, and `packs`: may columns be stored as packs? `tail.after` is what follows on an
/// element or a pack of them. With `parts`, the sums of each split go there instead, and `add_parts`
/// finishes them. `line_sums` takes the sums of a's rows, or is null.
template <class T, class Result, class Tail, class Out>
struct tile_results {
    Result result;
    Tail tail;
    Out* out;
    T *parts, *line_sums;
    std::int64_t part_size, size;  ///< of one split's part in all, and of its sums without line sums

    /// Sums that lie side by side: one, or a pack of them.
    WEFT_DEVICE void write(const T* from, const tile_place& at, int row, int column) const {
        const std::int64_t element = result.column(at.z, column) + row * result.row_stride;
        const std::int64_t place = at.split * part_size + element;  // in parts
        if (result.packs) {
            pack<T> p = pack<T>::load(from);
            if (parts != nullptr) return cuda_backend::write(parts + place, p.at);
            tail.after(p.at, element);
            cuda_backend::write(out + element, p.at);
        } else if (parts != nullptr) {
            parts[place] = *from;
        } else {
            out[element] = Out(tail.after(*from, element));
        }
    }
    /// The sum of a's line, where `wants_lines`.
    WEFT_DEVICE void write_line(T sum, const tile_place& at, std::int64_t line) const {
        (parts ? parts + at.split * part_size + size : line_sums)[line] = sum;
    }
    WEFT_DEVICE bool wants_lines(const tile_place& at) const {
        return line_sums != nullptr && at.first_column == 0;
    }
};

}  // namespace weft::cuda_backend
