#pragma once

#include "gathered.hpp"
#include "loss.hpp"
#include "movement.hpp"
#include "normalization.hpp"
#include "products.hpp"
#include "reduce.hpp"
#include "softmax.hpp"
#include "windows.hpp"

namespace weft::thrust_backend {

/// The error of an operation that a system has no kernel for; its arguments say which.
template <class System, graph::opcode Op>
struct missing_kernel {
    static_assert(Op != Op, "weft: the thrust policy lacks a kernel for this primitive");
};

/// Numbers of scratch that an operation needs, on a system with a library of matrix products or without.
template <bool Library = true>
std::size_t scratch_of(const graph::node& n, std::ptrdiff_t batch) {
    using enum graph::opcode;
    if (Library && (n.op == conv2d || n.op == conv2d_data || n.op == conv2d_weights))
        return std::size_t(gathered_sizes(n, batch).scratch());
    return reduce_scratch(n, batch);
}

/// The kernel of one kind of operation followed by one chain, on a system. The sizes are in the record.
template <class System, graph::opcode Op, class Chain, class T>
void run(const graph::node& n, const arguments<T>& a, T* scratch, const System& on = System()) {
    using enum graph::opcode;
    if constexpr (Op == graph::opcode::elementwise)
        thrust_backend::elementwise<Chain>(on, n, a);
    else if constexpr (Op == gemm || Op == gemm_data || Op == gemm_weights)
        product<Op, Chain>(on, n, a);
    else if constexpr (Op == conv2d || Op == conv2d_data || Op == conv2d_weights)
        if constexpr (System::has_matrix_library)
            gathered_convolution<Op, Chain>(on, n, a, scratch);
        else
            convolution<Op, Chain>(on, n, a);
    else if constexpr (Op == max_pool2d || Op == max_pool2d_grad || Op == avg_pool2d ||
                       Op == avg_pool2d_grad || Op == upsample2d || Op == upsample2d_grad)
        windows<Op, Chain>(on, n, a);
    else if constexpr (Op == graph::opcode::reduce)
        thrust_backend::reduce(on, n, a, scratch);
    else if constexpr (Op == graph::opcode::softmax || Op == softmax_grad || Op == log_softmax ||
                       Op == log_softmax_grad)
        thrust_backend::softmax<Op, Chain>(on, n, a);
    else if constexpr (Op == layer_norm || Op == layer_norm_grad || Op == batch_norm_stats ||
                       Op == batch_norm_coeffs || Op == batch_norm_sums)
        normalization<Op, Chain>(on, n, a);
    else if constexpr (Op == concat || Op == slice)
        movement<Op, Chain>(on, n, a);
    else if constexpr (Op == pick_nll || Op == pick_nll_grad || Op == softmax_xent || Op == softmax_xent_grad)
        loss<Op, Chain>(on, n, a);
    else
        static_cast<void>(sizeof(missing_kernel<System, Op>));
}

}  // namespace weft::thrust_backend
