#pragma once

#include "narrow_layout.hpp"

namespace weft::cuda_backend {

/// Bias and function after a product: each(t, row, column, z, y) gets two results of neighbouring features,
/// and the function's arguments. Features and samples that there are not are zeros.
template <class Grid, class Layer, class Block, class Each>
WEFT_DEVICE void finish_layer(const Block& block, const per_thread<Block, typename Grid::sums>& sums,
                              const float* bias, int valid, const Each& each) {
    for (const int t : block) {
        if (!Grid::active(t)) continue;
        WEFT_UNROLL(32)
        for (int j = 0; j < Grid::n; ++j) {
            const int column = Grid::column(t, j, 0);
            float b[2] = {0, 0};
            if constexpr (Layer::bias) {
                if (column < Layer::out) b[0] = bias[column];
                if (column + 1 < Layer::out) b[1] = bias[column + 1];
            }
            WEFT_UNROLL(16)
            for (int i = 0; i < Grid::m; ++i) WEFT_UNROLL(2)
            for (int r = 0; r < 4; r += 2) {
                const int row = Grid::row(t, i, r);
                float z[2], y[2];
                WEFT_UNROLL(2)
                for (int c = 0; c < 2; ++c) {
                    const bool live = row < valid && column + c < Layer::out;
                    z[c] = live ? sums[t].at[i][j][r + c] + b[c] : 0.0f;
                    y[c] = live ? Layer::function::value(z[c]) : 0.0f;
                }
                each(row, column, z, y);
            }
        }
    }
}

/// Results to shared memory.
template <class Narrow>
struct keep_results {
    Narrow *results, *arguments;  ///< of the function; null if nobody needs them
    int stride;
    WEFT_DEVICE void operator()(int row, int column, const float (&z)[2], const float (&y)[2]) const {
        store_pair(y[0], y[1], results + row * stride + column);
        if (arguments) store_pair(z[0], z[1], arguments + row * stride + column);
    }
};
/// Predictions to global memory.
template <int Out>
struct write_predictions {
    float* to;
    int valid;
    WEFT_DEVICE void operator()(int row, int column, const float (&)[2], const float (&y)[2]) const {
        if (row >= valid) return;
        WEFT_UNROLL(2)
        for (int c = 0; c < 2; ++c)
            if (column + c < Out) to[std::int64_t(row) * Out + column + c] = y[c];
    }
};

/// Predictions, one block for each tile of samples, whose activations stay in shared memory; for networks
/// whose weights do not fit there (see chained_forward).
template <class Layers, class Narrow, int Rows, int Threads, int Slice>
struct narrow_forward {
    static constexpr int threads = Threads;
    using rooms = weight_rooms<Layers, Threads, Slice, false>;
    template <int I>
    using layer = typename Layers::template at<I>;
    static constexpr int chunk =
        chunk_of(padded_in<layer<0>>, Rows, Slice, room_for(Rows, larger(64, Layers::widest())));

    struct shared {
        alignas(16) Narrow x[std::size_t(room_for(Rows, larger(chunk, Layers::widest())))];
        alignas(16) Narrow weights[std::size_t(rooms::size)];
    };

    const float* input;
    const float* parameters;
    float* output;
    int batch;
    parameter_places<Layers::depth> places;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t first = block.index() * Rows;
        const int valid = batch - first < Rows ? int(batch - first) : Rows;
        weight_stage<Narrow> stage{memory.weights, rooms::size / 2, 0};
        const auto w = factor<0>(memory);
        for (const int t : block) {
            typename decltype(w)::held held;
            w.load(t, 0, held);
            w.store(t, held, stage.current());
        }
        run<0>(block, memory, stage, first, valid);
    }

private:
    template <int I>
    WEFT_DEVICE auto factor(shared& memory) const {
        return rooms::template factor<I, false, chunk>(parameters + places.weight[I], memory.weights);
    }
    template <int I>
    WEFT_DEVICE auto following(shared& memory) const {
        if constexpr (I + 1 < Layers::depth)
            return factor<I + 1>(memory);
        else
            return no_weights{};
    }
    template <int I, class Block>
    WEFT_DEVICE void run(const Block& block, shared& memory, weight_stage<Narrow>& stage, std::int64_t first,
                         int valid) const {
        using grid = warp_grid<Rows, layer<I>::padded, Threads>;
        per_thread<Block, typename grid::sums> sums;
        if constexpr (I == 0) {
            using rows = chunked_rows<Rows, layer<0>::in, chunk, Threads, Narrow>;
            const rows x{{input + first * layer<0>::in, valid}, memory.x};
            multiply_streamed<grid>(block, x, factor<0>(memory), following<0>(memory), stage, sums);
        } else {
            const resident_rows<Narrow> x{memory.x, padded_in<layer<I>> + bank_pad};
            multiply_streamed<grid>(block, x, factor<I>(memory), following<I>(memory), stage, sums);
        }
        const float* const bias = parameters + places.bias[I];
        if constexpr (I + 1 < Layers::depth) {
            block.sync();  // results take the place of what others may still read
            finish_layer<grid, layer<I>>(
                block, sums, bias, valid,
                keep_results<Narrow>{memory.x, nullptr, layer<I>::padded + bank_pad});
            run<I + 1>(block, memory, stage, first, valid);
        } else {
            finish_layer<grid, layer<I>>(block, sums, bias, valid,
                                         write_predictions<Layers::out>{output + first * Layers::out, valid});
        }
    }
};

}  // namespace weft::cuda_backend
