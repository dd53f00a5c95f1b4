#pragma once

#include "elementwise.hpp"
#include "movement.hpp"
#include "normalization.hpp"
#include "products.hpp"
#include "softmax.hpp"
#include "windows.hpp"

namespace weft::reference_backend {

/// The work of one operation before its steps, for samples [first, last) where samples are independent; an
/// operation over the whole batch runs when `first` is 0. Plain loops, also in constant expressions.
template <class T>
constexpr void run_body(const graph::node& n, const arguments<T>& a, int first, int last) {
    using enum graph::opcode;
    switch (n.op) {
        case gemm:
            return reference_backend::gemm(n, a, first, last);
        case gemm_data:
            return reference_backend::gemm_data(n, a, first, last);
        case conv2d:
            return reference_backend::conv2d(n, a, first, last);
        case conv2d_data:
            return reference_backend::conv2d_data(n, a, first, last);
        case max_pool2d:
            return reference_backend::max_pool2d(n, a, first, last);
        case max_pool2d_grad:
            return reference_backend::max_pool2d_grad(n, a, first, last);
        case avg_pool2d:
            return reference_backend::avg_pool2d(n, a, first, last);
        case avg_pool2d_grad:
            return reference_backend::avg_pool2d_grad(n, a, first, last);
        case upsample2d:
            return reference_backend::upsample2d(n, a, first, last);
        case upsample2d_grad:
            return reference_backend::upsample2d_grad(n, a, first, last);
        case softmax:
        case log_softmax:
            return reference_backend::softmax(n, a, first, last);
        case softmax_grad:
        case log_softmax_grad:
            return reference_backend::softmax_grad(n, a, first, last);
        case layer_norm:
            return reference_backend::layer_norm(n, a, first, last);
        case layer_norm_grad:
            return reference_backend::layer_norm_grad(n, a, first, last);
        case concat:
            return reference_backend::concat(n, a, first, last);
        case slice:
            return reference_backend::slice(n, a, first, last);
        case pick_nll:
        case softmax_xent:
            return cross_entropy(n, a, first, last);
        case pick_nll_grad:
        case softmax_xent_grad:
            return cross_entropy_grad(n, a, first, last);
        default:
            break;
    }
    if (first != 0) return;
    switch (n.op) {
        case gemm_weights:
            return reference_backend::gemm_weights(n, a);
        case conv2d_weights:
            return reference_backend::conv2d_weights(n, a);
        case reduce:
            return reference_backend::reduce(n, a);
        case batch_norm_stats:
            return reference_backend::batch_norm_stats(n, a);
        case batch_norm_coeffs:
            return reference_backend::batch_norm_coeffs(n, a);
        case batch_norm_sums:
            return reference_backend::batch_norm_sums(n, a);
        default:
            return;  // elementwise: all steps
    }
}

/// One operation and its steps, over the whole batch.
template <class Functions, class T>
constexpr void run(const graph::node& n, const arguments<T>& a) {
    run_body(n, a, 0, a.batch);
    run_steps<Functions>(n, a, 0, n.op == graph::opcode::elementwise && n.attribute[0] ? 1 : a.batch);
}

}  // namespace weft::reference_backend
