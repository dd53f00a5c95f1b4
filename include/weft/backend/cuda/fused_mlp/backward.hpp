#pragma once

#include "forward.hpp"

namespace weft::cuda_backend {

/// Adds `x` to a number of the block's own; the block's first tile sets it.
template <class T>
WEFT_DEVICE void accumulate(T& sum, T x, bool first) {
    sum = first ? x : sum + x;
}

/// The gradients of a layer's weights, summed over a tile's samples: dy[feature][row] times its input
/// [feature][row]. Each thread has `outs` x `ins` of them at a time.
template <class Layer, int Rows, int Threads, int InputRoom>
struct weight_gradient {
    static constexpr int padded_in = (Layer::in + slice - 1) / slice * slice;
    static constexpr int in_threads = padded_in >= warp ? warp : slice, out_threads = Threads / in_threads;
    static constexpr int smaller(int a, int b) { return a < b ? a : b; }
    static constexpr int outs = smaller(8, (Layer::padded + out_threads - 1) / out_threads),
                         ins = smaller(smaller(8, (padded_in + in_threads - 1) / in_threads),
                                       InputRoom / in_threads);
    static constexpr int in_block = ins * in_threads, out_block = outs * out_threads;

    /// For inputs [from, from + in_block), of which `x` has the first `in_shared`.
    template <class T>
    WEFT_DEVICE static void run(int t, const T* dy, const T* x, int in_shared, int from, T* to, bool first) {
        const int in0 = t % in_threads;
        for (int out0 = t / in_threads; out0 < Layer::out; out0 += out_block) {
            T sums[outs][ins];
            WEFT_UNROLL(16)
            for (int i = 0; i < outs; ++i) WEFT_UNROLL(16)
            for (int j = 0; j < ins; ++j) sums[i][j] = T(0);
            for (int row = 0; row < Rows; row += pack<T>::size) {
                pack<T> a[ins];
                WEFT_UNROLL(16)
                for (int j = 0; j < ins; ++j) {
                    const int in = smaller(in0 + j * in_threads, in_shared - 1);
                    a[j] = pack<T>::load(x + in * stride_of(Rows) + row);
                }
                WEFT_UNROLL(16)
                for (int i = 0; i < outs; ++i) {
                    const int out = smaller(out0 + i * out_threads, Layer::padded - 1);
                    const pack<T> d = pack<T>::load(dy + out * stride_of(Rows) + row);
                    WEFT_UNROLL(16)
                    for (int j = 0; j < ins; ++j) WEFT_UNROLL(16)
                    for (int r = 0; r < pack<T>::size; ++r) sums[i][j] += d.at[r] * a[j].at[r];
                }
            }
            WEFT_UNROLL(16)
            for (int i = 0; i < outs; ++i) WEFT_UNROLL(16)
            for (int j = 0; j < ins; ++j) {
                const int out = out0 + i * out_threads, in = from + in0 + j * in_threads;
                if (out < Layer::out && in < Layer::in)
                    accumulate(to[std::int64_t(out) * Layer::in + in], sums[i][j], first);
            }
        }
    }
};

/// The gradients of biases: the sums of dy's rows.
template <class Layer, int Rows, class Block, class T>
WEFT_DEVICE void bias_gradient(const Block& block, const T* dy, T* to, bool first) {
    for (const int t : block)
        for (int out = t; out < Layer::out; out += Block::threads) {
            pack<T> sums = pack<T>::load(dy + out * stride_of(Rows));
            for (int row = pack<T>::size; row < Rows; row += pack<T>::size) {
                const pack<T> d = pack<T>::load(dy + out * stride_of(Rows) + row);
                for (int r = 0; r < pack<T>::size; ++r) sums.at[r] += d.at[r];
            }
            T all = sums.at[0];
            for (int r = 1; r < pack<T>::size; ++r) all += sums.at[r];
            accumulate(to[out], all, first);
        }
}

/// Multiplies a run of gradients with the slopes that follow from what was saved.
template <class Layer, class Before, int Run, class T>
struct slope_run {
    std::ptrdiff_t to_saved;  ///< the way from a gradient
    int valid;

    WEFT_DEVICE void operator()(int feature, int row, T* at) const {
        T d[Run], x[Run];
        load_runs(at, 0, d);
        load_runs(at + to_saved, 0, x);
        WEFT_UNROLL(16)
        for (int r = 0; r < Run; ++r)
            d[r] = feature < Layer::in && row + r < valid ? d[r] * Before::function::slope(x[r]) : T(0);
        store_run(d, at);
    }
};

/// The gradient that a layer hands to the one before, times that one's slope, over dy itself.
template <class Layer, class Before, int Rows, int Threads, class Block, class T>
WEFT_DEVICE void data_gradient(const Block& block, const T* weights, int valid, const T* saved, T* stage,
                               T* dy) {
    using layout = tile_layout<Rows, Threads, Before::padded>;
    per_thread<Block, tile_sums<layout, T>> sums;
    multiply_slices<Layer::out, Rows, layout, T>(
        block, resident<T>{dy, stride_of(Rows)},
        straight<Before::padded, Layer::in, Layer::out, Threads, T>(weights), stage, sums);
    const slope_run<Layer, Before, layout::template row_run<T>, T> finish{saved - dy, valid};
    for (const int t : block) finish_sums<Rows>(t, sums[t], dy, finish);
    block.sync();
}

}  // namespace weft::cuda_backend
