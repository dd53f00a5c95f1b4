#pragma once

#include "factors.hpp"

namespace weft::cuda_backend {

/// conv2d and conv2d_data where a group has few rows (filters, or channels): a thread sums all of them for a
/// few pixels, which it reads from the cache, and all threads read the same weights from shared memory.
/// `rows` has the weights as a factor of `tiled_product`.
template <class T, bool Backward, int Rows, int Pixels, class A, class Result, class Tail, class Out>
struct direct_convolution {
    using factor = typename A::number;
    using images_type = image_taps<factor, Backward>;
    static constexpr int threads = 256, weights = 512;  ///< of a row, in shared memory at once
    struct shared {
        alignas(16) T of[weights][Rows];
    };

    A rows;
    images_type images;
    Result result;
    Tail tail;
    Out* out;
    int row_count, columns, planes, kernel_h, kernel_w, blocks;  ///< blocks for one z

    static constexpr int columns_of_block = threads * Pixels;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const int z = int(unsigned(block.index()) / unsigned(blocks));
        const int first = int(unsigned(block.index()) % unsigned(blocks)) * columns_of_block;
        const int taps = kernel_h * kernel_w, at_once = weights / taps;
        per_thread<Block, state> states;
        for (const int t : block)
            for (int p = 0; p < Pixels; ++p) {
                states[t].line[p] = images.line_of(z, first + p * threads + t);
                for (int r = 0; r < Rows; ++r) states[t].sum[r][p] = T(0);
            }
        for (int plane = 0; plane < planes; plane += at_once) {
            const int count = planes - plane < at_once ? planes - plane : at_once;
            for (const int t : block) fill(memory, z, plane * taps, count * taps, t);
            block.sync();
            for (const int t : block)
                for (int c = 0; c < count; ++c) add_plane(states[t], memory.of + c * taps, plane + c);
            block.sync();
        }
        for (const int t : block)
            for (int p = 0; p < Pixels; ++p) {
                const int column = first + p * threads + t;
                if (column >= columns) continue;
                const std::int64_t element = result.column(z, column);
                for (int r = 0; r < Rows; ++r)
                    if (r < row_count)
                        out[element + r * result.row_stride] =
                            Out(tail.after(states[t].sum[r][p], element + r * result.row_stride));
            }
    }

private:
    struct state {
        typename images_type::line line[Pixels];
        T sum[Rows][Pixels];
    };
    WEFT_DEVICE void fill(shared& memory, int z, int first, int count, int t) const {
        constexpr int width = A::width, units = weights / width;
        for (int u = t; u < Rows * units; u += threads) {
            const int row = u / units, k = u % units * width;
            if (k >= count) continue;
            factor w[width];
            // The rest of a pack may be weights that come with the next planes; nobody reads them here.
            const int last = planes * kernel_h * kernel_w, from = first + k;
            const typename A::line line = rows.line_of(z, row);
            if (first % width == 0)
                rows.load(line, from, last, w);
            else
                for (int e = 0; e < width; ++e) w[e] = from + e < last ? rows.at(line, from + e) : factor(0);
            for (int e = 0; e < width; ++e) memory.of[k + e][row] = T(w[e]);
        }
    }
    WEFT_DEVICE void add_plane(state& s, const T (*w)[Rows], int plane) const {
        for (int u = 0; u < kernel_h; ++u) {
            std::int64_t row[Pixels];
            bool inside[Pixels];
            for (int p = 0; p < Pixels; ++p) {
                int y;
                inside[p] = images.reach.row(s.line[p].row, u, y);
                row[p] = s.line[p].offset + (plane * images.plane + (inside[p] ? y * images.reach.width : 0));
            }
            for (int v = 0; v < kernel_w; ++v, ++w) {
                T number[Pixels];  // all are on their way before the first is used
                for (int p = 0; p < Pixels; ++p) {
                    int x;
                    const bool reached = images.reach.column(s.line[p].column, v, x);
                    number[p] = inside[p] && reached ? T(images.data[row[p] + x]) : T(0);
                }
                for (int p = 0; p < Pixels; ++p)
                    for (int r = 0; r < Rows; ++r) s.sum[r][p] += (*w)[r] * number[p];
            }
        }
    }
};

}  // namespace weft::cuda_backend
