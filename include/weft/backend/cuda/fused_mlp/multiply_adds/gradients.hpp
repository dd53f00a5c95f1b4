#pragma once

#include "../operands.hpp"
#include "products.hpp"

namespace weft::cuda_backend {

/// The gradients of a layer's weights, summed over a tile's samples: dy[feature][row] times its input
/// [feature][row]. Each thread has `outs` x `ins` of them at a time.
template <class Layer, int Rows, int Threads, int InputRoom>
struct weight_gradient {
    static constexpr int in_threads = padded_in<Layer> >= warp ? warp : slice,
                         out_threads = Threads / in_threads;
    static constexpr int outs = smaller(8, (Layer::padded + out_threads - 1) / out_threads),
                         ins = smaller(smaller(8, (padded_in<Layer> + in_threads - 1) / in_threads),
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

}  // namespace weft::cuda_backend
