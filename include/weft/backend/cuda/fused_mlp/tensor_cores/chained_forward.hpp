#pragma once

#include "../operands.hpp"
#include "finish.hpp"
#include "weights.hpp"

namespace weft::cuda_backend {

/// Predictions where all weights fit in shared memory: each warp takes M x 16 samples through all layers with
/// their activations in registers, since a product's sums, rounded, lie as the next product's factor must.
/// After the weights have come no thread waits for another.
template <class Layers, class Narrow, int M, int Threads>
struct chained_forward {
    static constexpr int threads = Threads, warp_rows = M * 16, rows = Threads / warp * warp_rows;
    using rooms = weight_rooms<Layers, Threads, 0, false>;
    template <int I>
    using layer = typename Layers::template at<I>;

    struct shared {
        alignas(16) Narrow weights[std::size_t(rooms::size)];
    };

    mlp_operands<float, Layers::depth> of;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        rooms::fill(block, of.parameters, of.places, memory.weights);
        block.sync();
        const std::int64_t tiles = pieces(of.batch, rows);
        for (std::int64_t tile = block.index(); tile < tiles; tile += of.blocks) {
            per_thread<Block, factors<padded_in<layer<0>>>> x;
            for (const int t : block) load(t, tile * rows + t / warp * warp_rows, x[t]);
            run<0>(block, memory, tile * rows, x);
        }
    }

private:
    /// M x Features / 16 pieces of a left factor.
    template <int Features>
    using factors = registers<M * Features / 4>;
    static constexpr bool even_input = layer<0>::in % 2 == 0;

    WEFT_DEVICE void load(int t, std::int64_t first, factors<padded_in<layer<0>>>& x) const {
        constexpr int in = layer<0>::in;
        const bool in_pairs = even_input && pack<float, 2>::aligned(of.input);
        WEFT_UNROLL(16)
        for (int k = 0; k < padded_in<layer<0>> / 16; ++k) WEFT_UNROLL(16)
        for (int i = 0; i < M; ++i) WEFT_UNROLL(4)
        for (int r = 0; r < 4; ++r) {
            const std::int64_t row = first + i * 16 + t % warp / 4 + r % 2 * 8;
            const int column = k * 16 + t % 4 * 2 + r / 2 * 8;
            const float* const from = of.input + row * in + column;
            float one = 0, two = 0;
            if (row < of.batch && in_pairs && column < in) {
                const pack<float, 2> p = pack<float, 2>::load(from);
                one = p.at[0];
                two = p.at[1];
            } else {
                if (row < of.batch && column < in) one = from[0];
                if (row < of.batch && column + 1 < in) two = from[1];
            }
            x.at[(k * M + i) * 4 + r] = packed<Narrow>(one, two);
        }
    }

    /// Layer I and those that follow, for the samples from `first` on.
    template <int I, class Block>
    WEFT_DEVICE void run(const Block& block, shared& memory, std::int64_t first,
                         const per_thread<Block, factors<padded_in<layer<I>>>>& x) const {
        constexpr auto parts = std::make_integer_sequence<int, layer<I>::padded / 16 / step<I>>{};
        per_thread<Block, factors<layer<I>::padded>> y;
        parts_of<I>(block, memory, first, x, y, parts);
        if constexpr (I + 1 < Layers::depth) run<I + 1>(block, memory, first, y);
    }
    /// A layer's outputs are made so many pieces at a time. Their indices are constants, or registers could
    /// not be indexed with them.
    template <int I>
    static constexpr int step = layer<I>::padded / 16 % 2 == 0 ? 2 : 1;
    template <int I, class Block, int... Part>
    WEFT_DEVICE void parts_of(const Block& block, shared& memory, std::int64_t first,
                              const per_thread<Block, factors<padded_in<layer<I>>>>& x,
                              per_thread<Block, factors<layer<I>::padded>>& y,
                              std::integer_sequence<int, Part...>) const {
        (part_of<I, Part * step<I>>(block, memory, first, x, y), ...);
    }
    template <int I, int C, class Block>
    WEFT_DEVICE void part_of(const Block& block, shared& memory, std::int64_t first,
                             const per_thread<Block, factors<padded_in<layer<I>>>>& x,
                             per_thread<Block, factors<layer<I>::padded>>& y) const {
        per_thread<Block, warp_sums<M, 2 * step<I>>> sums;
        multiply<I, 2 * step<I>>(block, memory, C * 16, x, sums);
        for (const int t : block) {
            if constexpr (I + 1 < Layers::depth)
                finish<I, C>(t, sums[t], y[t]);
            else
                write<I>(C * 16, t, first + t / warp * warp_rows, sums[t]);
        }
    }
    /// The sums of some outputs, from `column` on.
    template <int I, int N, class Block>
    WEFT_DEVICE void multiply(const Block& block, shared& memory, int column,
                              const per_thread<Block, factors<padded_in<layer<I>>>>& x,
                              per_thread<Block, warp_sums<M, N>>& sums) const {
        constexpr int stride = padded_in<layer<I>> + bank_pad;
        per_thread<Block, const Narrow*> w;
        for (const int t : block) {
            sums[t].clear();
            w[t] =
                memory.weights + rooms::template before<I>() + column * stride + rightwards(t % warp, stride);
        }
        WEFT_UNROLL(16)
        for (int k = 0; k < padded_in<layer<I>> / 16; ++k) {
            per_thread<Block, registers<2 * N>> b;
            block.template load_matrices<false>(w, k * 16, 16 * stride, b);
            block.template multiply_add<Narrow>(x, b, sums, k * M);
        }
    }

    /// Sums [row, column] become the next factor's pieces, from piece C on.
    template <int I, int C, int N, int Count>
    WEFT_DEVICE void finish(int t, const warp_sums<M, N>& sums, registers<Count>& y) const {
        using function = typename layer<I>::function;
        WEFT_UNROLL(16)
        for (int j = 0; j < N; ++j) {
            const int column = C * 16 + j * 8 + sum_column(t, 0);
            float b[2];
            load_biases<layer<I>>(of.parameters + of.places.bias[I], column, b);
            WEFT_UNROLL(16)
            for (int i = 0; i < M; ++i) WEFT_UNROLL(2)
            for (int r = 0; r < 2; ++r) {
                float v[2];
                WEFT_UNROLL(2)
                for (int e = 0; e < 2; ++e)
                    v[e] =
                        column + e < layer<I>::out ? function::value(sums.at[i][j][2 * r + e] + b[e]) : 0.0f;
                y.at[((C + j / 2) * M + i) * 4 + j % 2 * 2 + r] = packed<Narrow>(v[0], v[1]);
            }
        }
    }
    template <int I, int N>
    WEFT_DEVICE void write(int first_column, int t, std::int64_t first, const warp_sums<M, N>& sums) const {
        using function = typename layer<I>::function;
        constexpr int out = layer<I>::out;
        WEFT_UNROLL(16)
        for (int j = 0; j < N; ++j) {
            const int column = first_column + j * 8 + sum_column(t, 0);
            float b[2];
            load_biases<layer<I>>(of.parameters + of.places.bias[I], column, b);
            WEFT_UNROLL(16)
            for (int i = 0; i < M; ++i) WEFT_UNROLL(4)
            for (int r = 0; r < 4; ++r) {
                const std::int64_t row = first + i * 16 + sum_row(t, r);
                if (row < of.batch && column + r % 2 < out)
                    of.output[row * out + column + r % 2] = function::value(sums.at[i][j][r] + b[r % 2]);
            }
        }
    }
};

}  // namespace weft::cuda_backend
