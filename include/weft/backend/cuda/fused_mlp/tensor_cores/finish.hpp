#pragma once

#include "products.hpp"

namespace weft::cuda_backend {

/// The biases of two neighbouring features; 0 where there are none.
template <class Layer>
WEFT_DEVICE void load_biases(const float* bias, int column, float (&b)[2]) {
    b[0] = b[1] = 0;
    if constexpr (Layer::bias) {
        if (column < Layer::out) b[0] = bias[column];
        if (column + 1 < Layer::out) b[1] = bias[column + 1];
    }
}

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
            float b[2];
            load_biases<Layer>(bias, column, b);
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
/// Predictions to shared memory, as floats.
template <class Narrow>
struct keep_predictions {
    float* predictions;
    int prediction_stride;
    Narrow* arguments;
    int stride;
    WEFT_DEVICE void operator()(int row, int column, const float (&z)[2], const float (&y)[2]) const {
        predictions[row * prediction_stride + column] = y[0];
        predictions[row * prediction_stride + column + 1] = y[1];
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

/// The gradient of a layer's results times its function's slope, which follows from what is at `from`.
template <class Grid, class Layer, class Block, class Narrow>
WEFT_DEVICE void finish_gradient(const Block& block, const per_thread<Block, typename Grid::sums>& sums,
                                 int valid, const Narrow* from, Narrow* to, int stride) {
    for (const int t : block) {
        if (!Grid::active(t)) continue;
        WEFT_UNROLL(16)
        for (int i = 0; i < Grid::m; ++i) WEFT_UNROLL(32)
        for (int j = 0; j < Grid::n; ++j) WEFT_UNROLL(2)
        for (int r = 0; r < 4; r += 2) {
            const int row = Grid::row(t, i, r), column = Grid::column(t, j, r), at = row * stride + column;
            float x[2], d[2];
            load_pair(from + at, x);
            WEFT_UNROLL(2)
            for (int c = 0; c < 2; ++c) {
                const bool live = row < valid && column + c < Layer::out;
                d[c] = live ? sums[t].at[i][j][r + c] * Layer::function::slope(x[c]) : 0.0f;
            }
            store_pair(d[0], d[1], to + at);
        }
    }
}

}  // namespace weft::cuda_backend
