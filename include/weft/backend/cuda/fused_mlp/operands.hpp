#pragma once

#include "layers.hpp"

namespace weft::cuda_backend {

/// What a fused kernel reads and writes in global memory. Samples lie one after the other, and parameters as
/// the model has them; target, loss scale and scratch are training's.
template <class T, int Depth>
struct mlp_operands {
    const T *input, *target, *parameters, *loss_scale;
    T *output, *scratch;
    int batch, blocks;
    parameter_places<Depth> places;
};

/// The samples that a block has at a time: their first, and how many there are; in training also its sums of
/// the gradients, which its first tile sets.
template <class T>
struct mlp_samples {
    std::int64_t first;
    int valid;
    T* sums;
    bool fresh;
};

/// Adds `x` to a number of the block's own; the block's first tile sets it.
template <class T>
WEFT_DEVICE void accumulate(T& sum, T x, bool first) {
    sum = first ? x : sum + x;
}

/// Where training keeps what the layers leave for the backward pass, in features of a tile, each matrix with
/// `Pad` more: each layer's results but the last's, and the arguments of functions whose slopes need them.
template <class Layers, int Pad>
struct saved_layers {
    template <int I>
    static constexpr bool keeps_argument = Layers::template at<I>::function::from_argument;
    template <int I>
    static constexpr int result_size = I + 1 < Layers::depth ? Layers::template at<I>::padded + Pad : 0;
    template <int I>
    static constexpr int argument_size = keeps_argument<I> ? Layers::template at<I>::padded + Pad : 0;

    template <int I>
    static constexpr int before() {
        if constexpr (I == 0)
            return 0;
        else
            return before<I - 1>() + result_size<I - 1> + argument_size<I - 1>;
    }
    static constexpr int all = before<Layers::depth>();
    template <int I>
    static constexpr int result = before<I>();
    template <int I>
    static constexpr int argument = before<I>() + result_size<I>;
};

}  // namespace weft::cuda_backend
