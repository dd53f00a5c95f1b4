#pragma once

#include "products.hpp"

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

}  // namespace weft::cuda_backend
