#pragma once

#include "../reference/products.hpp"
#include "batch_norm.hpp"
#include "convolution.hpp"
#include "convolution_weights.hpp"
#include "cross_entropy.hpp"
#include "elementwise.hpp"
#include "gemm.hpp"
#include "layer_norm.hpp"
#include "movement.hpp"
#include "pooling.hpp"
#include "reduce.hpp"
#include "threads.hpp"

namespace weft::cpu_backend {

/// What a running program holds: threads, and scratch memory for packing.
template <class T>
struct context {
    const thread_team* team;
    T* scratch;
};

/// Elements of scratch that an operation needs for a batch.
template <class T>
std::size_t scratch_of(const graph::node& n, std::ptrdiff_t batch, int threads) {
    using enum graph::opcode;
    const auto& a = n.attribute;
    const std::ptrdiff_t rows = batch * a[0];
    switch (n.op) {
        case graph::opcode::gemm:
            return gemm_scratch<T>(rows, a[1], a[2], threads);
        case gemm_data:
            return gemm_scratch<T>(rows, a[2], a[1], threads);
        case gemm_weights:
            return gemm_scratch<T>(a[1], a[2], rows, threads);
        case conv2d:
            return conv2d_forward_scratch<T>(reference_backend::geometry_of(n), batch, threads);
        case conv2d_data:
            return conv2d_backward_data_scratch<T>(reference_backend::geometry_of(n), batch, threads);
        case conv2d_weights:
            return conv2d_backward_weights_scratch<T>(reference_backend::geometry_of(n), batch, threads);
        case reduce:
            return reduce_scratch(n, batch);
        default:
            return 0;
    }
}

/// Does the policy run this operation with the reference's plain loops?
constexpr bool falls_back(graph::opcode op) { return op == graph::opcode::batch_norm_coeffs; }

/// The work of an operation whose samples are independent, for samples [first, last).
template <graph::opcode Op, class T>
void run_samples(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    using enum graph::opcode;
    if constexpr (Op == max_pool2d)
        pool2d<pooling::maximum>(n, a, first, last);
    else if constexpr (Op == avg_pool2d)
        pool2d<pooling::average>(n, a, first, last);
    else if constexpr (Op == graph::opcode::max_pool2d_grad)
        cpu_backend::max_pool2d_grad(n, a, first, last);
    else if constexpr (Op == graph::opcode::avg_pool2d_grad)
        cpu_backend::avg_pool2d_grad(n, a, first, last);
    else if constexpr (Op == graph::opcode::upsample2d)
        cpu_backend::upsample2d(n, a, first, last);
    else if constexpr (Op == graph::opcode::upsample2d_grad)
        cpu_backend::upsample2d_grad(n, a, first, last);
    else if constexpr (Op == graph::opcode::softmax || Op == log_softmax)
        cpu_backend::softmax<Op == log_softmax>(n, a, first, last);
    else if constexpr (Op == graph::opcode::softmax_grad || Op == log_softmax_grad)
        cpu_backend::softmax_grad<Op == log_softmax_grad>(n, a, first, last);
    else if constexpr (Op == graph::opcode::layer_norm)
        cpu_backend::layer_norm(n, a, first, last);
    else if constexpr (Op == graph::opcode::layer_norm_grad)
        cpu_backend::layer_norm_grad(n, a, first, last);
    else if constexpr (Op == graph::opcode::concat)
        cpu_backend::concat(n, a, first, last);
    else if constexpr (Op == graph::opcode::slice)
        cpu_backend::slice(n, a, first, last);
    else if constexpr (Op == pick_nll || Op == softmax_xent)
        cross_entropy<Op == softmax_xent>(n, a, first, last);
    else if constexpr (Op == pick_nll_grad || Op == softmax_xent_grad)
        cross_entropy_grad<Op == softmax_xent_grad>(n, a, first, last);
    else
        static_assert(Op == elementwise || Op == graph::opcode::gemm || Op == gemm_data || Op == none,
                      "weft: the cpu policy lacks a kernel for this primitive");
}

/// An operation and what its parts need, for callbacks through a void pointer.
template <class T>
struct work {
    const graph::node& n;
    const arguments<T>& a;
    std::ptrdiff_t chunk = 1;  ///< samples per task

    template <class Chain>
    static void finish(void* self, std::ptrdiff_t first, std::ptrdiff_t count) {
        const work& w = *static_cast<const work*>(self);
        run_chain<Chain>(w.n, w.a, first, first + count);
    }
    /// One task: a chunk of samples through the operation and its chain.
    template <graph::opcode Op, class Chain>
    static void chunked(void* self, int task) {
        const work& w = *static_cast<const work*>(self);
        const std::ptrdiff_t first = task * w.chunk;
        const std::ptrdiff_t last = first + w.chunk < w.a.batch ? first + w.chunk : w.a.batch;
        run_samples<Op>(w.n, w.a, first, last);
        run_chain<Chain>(w.n, w.a, first, last);
    }

    /// All samples, cut into tasks by their size alone, so that the cut does not depend on the threads.
    template <graph::opcode Op, class Chain>
    void in_chunks(const thread_team& team) {
        constexpr std::ptrdiff_t elements_per_task = 16384;
        const std::ptrdiff_t size = n.view.size() > 0 ? n.view.size() : 1;
        chunk = size < elements_per_task ? elements_per_task / size : 1;
        team.run(int((a.batch + chunk - 1) / chunk), &work::chunked<Op, Chain>, this);
    }
};

/// The kernel of one kind of operation followed by one chain. The sizes are in the record.
template <graph::opcode Op, class Chain, class T>
void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
    using enum graph::opcode;
    const auto& at = n.attribute;
    work<T> w{n, a};
    // With several rows in a sample, a chain waits for whole samples.
    const epilogue finish = Chain::size ? epilogue{&work<T>::template finish<Chain>, &w} : epilogue{};
    const std::ptrdiff_t rows = std::ptrdiff_t(a.batch) * at[0];
    if constexpr (Op == graph::opcode::gemm || Op == gemm_data) {
        const std::ptrdiff_t out = at[1], in = at[2];
        const bool per_row = at[0] == 1;
        const epilogue each = per_row ? finish : epilogue{};
        if constexpr (Op == graph::opcode::gemm)
            cpu_backend::gemm<T>(*c.team, rows, out, in, {a.in[0], in, 1}, {a.in[1], 1, in}, a.out[0], out,
                                 false, c.scratch, each);
        else
            cpu_backend::gemm<T>(*c.team, rows, in, out, {a.in[0], out, 1}, {a.in[1], in, 1}, a.out[0], in,
                                 false, c.scratch, each);
        if (!per_row && Chain::size) w.template in_chunks<graph::opcode::none, Chain>(*c.team);
    } else if constexpr (Op == gemm_weights) {
        const std::ptrdiff_t out = at[1], in = at[2];
        cpu_backend::gemm<T>(*c.team, out, in, rows, {a.in[1], 1, out}, {a.in[0], in, 1}, a.out[0], in, false,
                             c.scratch);
        if (a.out[1]) bias_gradient<T>{a.in[1], a.out[1], rows, out}.run(*c.team);
    } else if constexpr (Op == conv2d) {
        conv2d_forward<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1], a.out[0],
                          c.scratch, finish);
    } else if constexpr (Op == conv2d_data) {
        conv2d_backward_data<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1],
                                a.out[0], c.scratch, finish);
    } else if constexpr (Op == conv2d_weights) {
        conv2d_backward_weights<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1],
                                   a.out[0], a.out[1], c.scratch);
    } else if constexpr (Op == reduce) {
        reduction<T>(n, a, c.scratch).run(*c.team);
    } else if constexpr (Op == batch_norm_stats) {
        batch_norm_work<T>(n, a).template run<false>(*c.team);
    } else if constexpr (Op == batch_norm_sums) {
        batch_norm_work<T>(n, a).template run<true>(*c.team);
    } else if constexpr (Op == batch_norm_coeffs) {
        reference_backend::batch_norm_coeffs(n, a);  // one division for each channel
    } else if (Op == elementwise && at[0]) {
        run_chain<Chain>(n, a, 0, 1);
    } else {
        w.template in_chunks<Op, Chain>(*c.team);
    }
}

}  // namespace weft::cpu_backend
