#pragma once

#include "record.hpp"

namespace weft::graph {

/// An operation's name, as tables and messages show it.
constexpr const char* name_of(opcode op) {
    constexpr const char* names[] = {"none",
                                     "elementwise",
                                     "gemm",
                                     "gemm_data",
                                     "gemm_weights",
                                     "conv2d",
                                     "conv2d_data",
                                     "conv2d_weights",
                                     "max_pool2d",
                                     "max_pool2d_grad",
                                     "avg_pool2d",
                                     "avg_pool2d_grad",
                                     "upsample2d",
                                     "upsample2d_grad",
                                     "reduce",
                                     "softmax",
                                     "softmax_grad",
                                     "log_softmax",
                                     "log_softmax_grad",
                                     "layer_norm",
                                     "layer_norm_grad",
                                     "batch_norm",
                                     "batch_norm_grad",
                                     "batch_norm_stats",
                                     "batch_norm_coeffs",
                                     "batch_norm_sums",
                                     "concat",
                                     "slice",
                                     "pick_nll",
                                     "pick_nll_grad",
                                     "softmax_xent",
                                     "softmax_xent_grad"};
    return names[int(op)];
}

/// A function's name.
constexpr const char* name_of(function f) {
    constexpr const char* names[] = {
        "none",    "relu", "leaky_relu", "elu", "selu", "gelu",   "gelu_tanh", "silu", "mish",  "hard_swish",
        "sigmoid", "tanh", "softplus",   "exp", "log",  "square", "sqrt",      "abs",  "huber", "custom"};
    return names[int(f)];
}

/// A step's name; that of a function where it applies one.
constexpr const char* name_of(step_kind k) {
    constexpr const char* names[] = {"none",     "apply",         "slope",     "slope",   "add",
                                     "subtract", "subtract_from", "multiply",  "divide",  "scale",
                                     "offset",   "fill",          "per_batch", "dropout", "store"};
    return names[int(k)];
}

}  // namespace weft::graph
