#pragma once

#include "../reference/run.hpp"
#include "convolution.hpp"
#include "convolution_weights.hpp"
#include "elementwise.hpp"
#include "gemm.hpp"
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
        default:
            return 0;
    }
}

/// An operation and what its parts need, for callbacks through a void pointer.
template <class T>
struct work {
    const graph::node& n;
    const arguments<T>& a;
    std::ptrdiff_t chunk;  ///< samples per task

    template <class Chain>
    static void finish(void* self, std::ptrdiff_t first, std::ptrdiff_t count) {
        const work& w = *static_cast<const work*>(self);
        run_chain<Chain>(w.n, w.a, first, first + count);
    }
    /// One task: a chunk of samples through the operation and its chain.
    template <class Chain>
    static void chunked(void* self, int task) {
        const work& w = *static_cast<const work*>(self);
        const std::ptrdiff_t first = task * w.chunk;
        const std::ptrdiff_t last = first + w.chunk < w.a.batch ? first + w.chunk : w.a.batch;
        if (w.n.op != graph::opcode::elementwise)
            reference_backend::run_body(w.n, w.a, int(first), int(last));
        run_chain<Chain>(w.n, w.a, first, last);
    }
};

/// Samples are cut into tasks by their size alone, so that the cut does not depend on the threads.
inline constexpr std::ptrdiff_t elements_per_task = 16384;

/// The kernel of one kind of operation followed by one chain. The sizes are in the record.
template <graph::opcode Op, class Chain, class T>
void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
    using enum graph::opcode;
    const auto& at = n.attribute;
    work<T> w{n, a, 1};
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
        if (!per_row) finish(0, a.batch);
    } else if constexpr (Op == gemm_weights) {
        const std::ptrdiff_t out = at[1], in = at[2];
        cpu_backend::gemm<T>(*c.team, out, in, rows, {a.in[1], 1, out}, {a.in[0], in, 1}, a.out[0], in, false,
                             c.scratch);
        if (a.out[1]) {
            for (std::ptrdiff_t j = 0; j < out; ++j) a.out[1][j] = 0;
            for (std::ptrdiff_t r = 0; r < rows; ++r)
                for (std::ptrdiff_t j = 0; j < out; ++j) a.out[1][j] += a.in[1][r * out + j];
        }
    } else if constexpr (Op == conv2d) {
        conv2d_forward<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1], a.out[0],
                          c.scratch, finish);
    } else if constexpr (Op == conv2d_data) {
        conv2d_backward_data<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1],
                                a.out[0], c.scratch, finish);
    } else if constexpr (Op == conv2d_weights) {
        conv2d_backward_weights<T>(*c.team, reference_backend::geometry_of(n), a.batch, a.in[0], a.in[1],
                                   a.out[0], a.out[1], c.scratch);
    } else if constexpr (Op == reduce || Op == batch_norm_stats || Op == batch_norm_coeffs ||
                         Op == batch_norm_sums) {
        reference_backend::run_body(n, a, 0, a.batch);
    } else if (Op == elementwise && at[0]) {
        run_chain<Chain>(n, a, 0, 1);
    } else {
        const std::ptrdiff_t size = n.view.size();
        w.chunk = elements_per_task / (size > 0 ? size : 1) > 1 ? elements_per_task / size : 1;
        c.team->run(int((a.batch + w.chunk - 1) / w.chunk), &work<T>::template chunked<Chain>, &w);
    }
}

}  // namespace weft::cpu_backend
