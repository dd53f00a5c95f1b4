#pragma once

#include <cstddef>

#include "batch_norm.hpp"
#include "convolution.hpp"
#include "cross_entropy.hpp"
#include "layer_norm.hpp"
#include "movement.hpp"
#include "products.hpp"
#include "reduce.hpp"
#include "softmax.hpp"
#include "windows.hpp"

namespace weft::cuda_backend {

/// The error of an operation that a device has no kernel for; its arguments say which.
template <class Device, graph::opcode Op>
struct missing_kernel {
    static_assert(Op != Op, "weft: the cuda policy lacks a kernel for this primitive");
};

/// The most numbers of scratch that an operation needs for batches up to a capacity.
template <class T>
std::size_t scratch_of(const graph::node& n, int capacity) {
    switch (n.op) {
        using enum graph::opcode;
        case gemm:
        case gemm_data:
        case gemm_weights:
            return product_scratch<T>(n, capacity);
        case conv2d:
        case conv2d_data:
        case conv2d_weights:
            return convolution_scratch<T>(n, capacity);
        case graph::opcode::reduce:
            return std::size_t(reduce_scratch(n, capacity));
        case batch_norm_stats:
        case batch_norm_sums:
            return std::size_t(batch_norm_scratch(n, capacity));
        default:
            return 0;
    }
}

/// The kernel of one kind of operation followed by one chain. The sizes are in the record.
template <graph::opcode Op, class Chain, class Device, class T>
void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
    using enum graph::opcode;
    if constexpr (Op == graph::opcode::elementwise)
        cuda_backend::elementwise<Chain>(device, n, a);
    else if constexpr (Op == gemm || Op == gemm_data || Op == gemm_weights)
        products<Op, Chain>(device, n, a, scratch);
    else if constexpr (Op == conv2d || Op == conv2d_data || Op == conv2d_weights)
        convolution<Op, Chain>(device, n, a, scratch);
    else if constexpr (Op == max_pool2d || Op == max_pool2d_grad || Op == avg_pool2d ||
                       Op == avg_pool2d_grad || Op == upsample2d || Op == upsample2d_grad)
        windows<Op, Chain>(device, n, a);
    else if constexpr (Op == graph::opcode::reduce)
        cuda_backend::reduce<Chain>(device, n, a, scratch);
    else if constexpr (Op == graph::opcode::softmax || Op == softmax_grad || Op == log_softmax ||
                       Op == log_softmax_grad)
        cuda_backend::softmax<Op, Chain>(device, n, a);
    else if constexpr (Op == layer_norm || Op == layer_norm_grad)
        layer_normalization<Op, Chain>(device, n, a);
    else if constexpr (Op == batch_norm_stats || Op == graph::opcode::batch_norm_coeffs ||
                       Op == batch_norm_sums)
        batch_normalization<Op, Chain>(device, n, a, scratch);
    else if constexpr (Op == concat || Op == slice)
        movement<Op, Chain>(device, n, a);
    else if constexpr (Op == pick_nll || Op == pick_nll_grad || Op == softmax_xent || Op == softmax_xent_grad)
        loss<Op, Chain>(device, n, a);
    else
        static_cast<void>(sizeof(missing_kernel<Device, Op>));
}

}  // namespace weft::cuda_backend
