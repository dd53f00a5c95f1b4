#pragma once

#include "../operands.hpp"
#include "products.hpp"

namespace weft::cuda_backend {

/// How a block's sums of the gradients of all parameters lie in its row of scratch memory. Weights' are as
/// threads hold them: a thread's four sums of a piece side by side, so that a warp's are one run.
template <class Layers, int Threads, int FirstChunk>
struct gradient_rows {
    template <int I>
    using layer = typename Layers::template at<I>;

    /// The columns (inputs) of a layer whose sums are made at a time: at most 64 sums for each thread.
    static constexpr int piece_of(int out, int columns) {
        int best = 16;
        for (int c = 16; c <= columns && c <= 128; c += 16)
            if (columns % c == 0 && out * c <= 64 * Threads) best = c;
        return best;
    }
    template <int I>
    static constexpr int columns = I == 0 ? padded_to(padded_in<layer<0>>, FirstChunk) : padded_in<layer<I>>;
    template <int I>
    static constexpr int piece = piece_of(layer<I>::padded, I == 0 ? FirstChunk : columns<I>);
    template <int I>
    using grid = warp_grid<layer<I>::padded, piece<I>, Threads>;
    template <int I>
    static constexpr int piece_size = grid<I>::m* grid<I>::n* Threads * 4;

    /// Where a layer's weights begin.
    template <int I>
    static constexpr int before() {
        if constexpr (I == 0)
            return 0;
        else
            return before<I - 1>() + columns<I - 1> / piece<I - 1> * piece_size<I - 1>;
    }
    /// Where a layer's biases begin; those of layer `depth`, where the loss is.
    template <int I>
    static constexpr int bias_before() {
        if constexpr (I == 0)
            return before<Layers::depth>();
        else
            return bias_before<I - 1>() + layer<I - 1>::padded;
    }
    static constexpr int loss_at = bias_before<Layers::depth>(), size = padded_to(loss_at + 1, 4);

    template <int I>
    WEFT_DEVICE static int place(int t, int number, int i, int j) {
        return before<I>() + number * piece_size<I> + ((i * grid<I>::n + j) * Threads + t) * 4;
    }
    /// The parameter whose gradient is at a place of a row; -1: none.
    template <int I = 0>
    WEFT_DEVICE static int parameter(int at, const parameter_places<Layers::depth>& places) {
        if constexpr (I == Layers::depth) {
            return -1;
        } else if (at >= before<I>() && at < before<I + 1>()) {
            const int rest = at - before<I>(), in_piece = rest % piece_size<I>, t = in_piece / 4 % Threads,
                      ij = in_piece / 4 / Threads, r = rest % 4;
            const int out = grid<I>::row(t, ij / grid<I>::n, r),
                      in = rest / piece_size<I> * piece<I> + grid<I>::column(t, ij % grid<I>::n, r);
            if (!grid<I>::active(t) || out >= layer<I>::out || in >= layer<I>::in) return -1;
            return places.weight[I] + out * layer<I>::in + in;
        } else if (at >= bias_before<I>() && at < bias_before<I + 1>()) {
            const int out = at - bias_before<I>();
            return layer<I>::bias && out < layer<I>::out ? places.bias[I] + out : -1;
        } else {
            return parameter<I + 1>(at, places);
        }
    }
};

/// A piece of layer I's weight gradient: dy^T x over the rows of a tile, on top of what the block has.
template <class Row, int I, int Rows, bool Bias, class Block, class Narrow>
WEFT_DEVICE void weight_gradient_piece(const Block& block, const Narrow* dy, int dy_stride, const Narrow* x,
                                       int x_stride, int number, const mlp_samples<float>& now) {
    using grid = typename Row::template grid<I>;
    per_thread<Block, typename grid::sums> sums;
    per_thread<Block, warp_sums<grid::m, 1>> totals;
    for (const int t : block) {
        totals[t].clear();
        WEFT_UNROLL(16)
        for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(32)
        for (int j = 0; j < grid::n; ++j) {
            pack<float> p{};
            if (!now.fresh && grid::active(t))
                p = pack<float>::load(now.sums + Row::template place<I>(t, number, i, j));
            WEFT_UNROLL(4)
            for (int r = 0; r < 4; ++r) sums[t].at[i][j][r] = p.at[r];
        }
    }
    multiply_warps<grid, true, true, Bias>(block, dy, dy_stride, x, x_stride, Rows, sums, &totals);
    for (const int t : block) {
        if (!grid::active(t)) continue;
        WEFT_UNROLL(16)
        for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(32)
        for (int j = 0; j < grid::n; ++j) {
            pack<float> p;
            WEFT_UNROLL(4)
            for (int r = 0; r < 4; ++r) p.at[r] = sums[t].at[i][j][r];
            p.store(now.sums + Row::template place<I>(t, number, i, j));
        }
        if constexpr (Bias) {
            if (grid::first_column(t) != 0 || t % 4 != 0) continue;
            WEFT_UNROLL(16)
            for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(2)
            for (int r = 0; r < 4; r += 2)
                accumulate(now.sums[Row::template bias_before<I>() + grid::row(t, i, r)],
                           totals[t].at[i][0][r], now.fresh);
        }
    }
}

/// Count pieces from `first` on; the bias comes with the layer's first.
template <class Row, int I, int Rows, bool Bias, class Block, class Narrow>
WEFT_DEVICE void weight_gradients(const Block& block, const Narrow* dy, int dy_stride, const Narrow* x,
                                  int x_stride, int first, int count, const mlp_samples<float>& now) {
    constexpr int piece = Row::template piece<I>;
    for (int i = 0; i < count; ++i)
        if (Bias && first + i == 0)
            weight_gradient_piece<Row, I, Rows, Bias>(block, dy, dy_stride, x, x_stride, 0, now);
        else
            weight_gradient_piece<Row, I, Rows, false>(block, dy, dy_stride, x + i * piece, x_stride,
                                                       first + i, now);
}

}  // namespace weft::cuda_backend
