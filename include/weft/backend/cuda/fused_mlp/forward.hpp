#pragma once

#include "multiply.hpp"

namespace weft::cuda_backend {

/// Bias and function after a product, on a run of samples of one feature. Features and samples that there are
/// not become zeros.
template <class Layer, int Run, class T>
struct finish_run {
    const T* bias;
    int valid;
    std::ptrdiff_t to_argument;  ///< the way from a result to the function's argument, 0 if that is not kept

    WEFT_DEVICE void operator()(int feature, int row, T* at) const {
        T z[Run], y[Run], b = T(0);
        if constexpr (Layer::bias)
            if (feature < Layer::out) b = bias[feature];
        load_runs(at, 0, z);
        WEFT_UNROLL(16)
        for (int r = 0; r < Run; ++r) {
            const bool live = feature < Layer::out && row + r < valid;
            z[r] = live ? z[r] + b : T(0);
            y[r] = live ? Layer::function::value(z[r]) : T(0);
        }
        store_run(y, at);
        if (to_argument) store_run(z, at + to_argument);
    }
};

/// From [feature][row] in shared memory to [row][Out] in global memory.
template <int Rows, int Out, class Block, class T>
WEFT_DEVICE void store_tile(const Block& block, const T* from, int valid, T* to) {
    for (const int t : block)
        for (int e = t; e < valid * Out; e += Block::threads)
            to[e] = from[e % Out * stride_of(Rows) + e / Out];
}

/// The layer I of `Layers` for the samples of a tile: the first reads `input`, the others `x` in shared
/// memory, where the result may be too.
template <class Layers, int I, int Rows, int Threads, class Block, class T>
WEFT_DEVICE void run_layer(const Block& block, const T* parameters,
                           const parameter_places<Layers::depth>& places, const T* input, int valid,
                           const T* x, T* stage, T* result, T* argument) {
    using layer = typename Layers::template at<I>;
    using layout = tile_layout<Rows, Threads, layer::padded>;
    const transposed<layer::padded, layer::in, Threads, T> w(parameters + places.weight[I], layer::out);
    per_thread<Block, tile_sums<layout, T>> sums;
    if constexpr (I == 0)
        multiply_slices<layer::in, Rows, layout, T>(
            block, transposed<Rows, layer::in, Threads, T>(input, valid), w, stage, sums);
    else
        multiply_slices<layer::in, Rows, layout, T>(block, resident<T>{x, stride_of(Rows)}, w, stage, sums);
    const finish_run<layer, layout::template row_run<T>, T> finish{parameters + places.bias[I], valid,
                                                                   argument ? argument - result : 0};
    for (const int t : block) finish_sums<Rows>(t, sums[t], result, finish);
    block.sync();
}

/// Predictions of all samples, one block for each tile of them: between the layers, numbers stay in shared
/// memory (Müller et al., Real-time Neural Radiance Caching, 2021).
template <class Layers, class T, int Rows, int Threads>
struct mlp_forward {
    static constexpr int threads = Threads;
    struct shared {
        alignas(16) T x[std::size_t(Layers::widest() * stride_of(Rows))];
        T stage[std::size_t(stage_size(Rows, Layers::widest()))];
    };

    const T* input;
    const T* parameters;
    T* output;
    int batch;
    parameter_places<Layers::depth> places;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t first = block.index() * Rows;
        const int valid = batch - first < Rows ? int(batch - first) : Rows;
        layer<0>(block, memory, first, valid);
        store_tile<Rows, Layers::out>(block, memory.x, valid, output + first * Layers::out);
    }

private:
    template <int I, class Block>
    WEFT_DEVICE void layer(const Block& block, shared& memory, std::int64_t first, int valid) const {
        run_layer<Layers, I, Rows, Threads>(
            block, parameters, places, input + first * Layers::template at<0>::in, valid,
            static_cast<const T*>(memory.x), memory.stage, memory.x, static_cast<T*>(nullptr));
        if constexpr (I + 1 < Layers::depth) layer<I + 1>(block, memory, first, valid);
    }
};

/// The numbers that mlp_forward keeps in shared memory.
template <class Layers>
struct forward_needs {
    static constexpr int numbers(int rows) {
        return Layers::widest() * stride_of(rows) + stage_size(rows, Layers::widest());
    }
};

}  // namespace weft::cuda_backend
