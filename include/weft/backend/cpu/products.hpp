#pragma once

#include "gemm.hpp"
#include "kernel.hpp"
#include "reduce.hpp"

namespace weft::cpu_backend {

/// y = a b, row by row of samples, and the chain behind it: a of [rows, depth], y of [rows, columns].
template <class Chain, class T>
void run_product(const graph::node& n, const arguments<T>& a, const context<T>& c, std::ptrdiff_t columns,
                 std::ptrdiff_t depth, matrix_ref<T> b) {
    const int rows = n.as<graph::product>().rows;
    work<T> w{n, a};
    // With several rows in a sample, a chain waits for whole samples.
    const bool per_row = rows == 1;
    cpu_backend::gemm<T>(*c.team, std::ptrdiff_t(a.batch) * rows, columns, depth, {a.in[0], depth, 1}, b,
                         a.out[0], columns, false, c.scratch,
                         per_row ? w.template finishing<Chain>() : epilogue{});
    if (!per_row && Chain::size) w.template in_chunks<void, Chain>(*c.team);
}

template <>
struct kernel<graph::gemm> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        const auto p = n.as<graph::gemm>();
        run_product<Chain>(n, a, c, p.outs, p.depth, {a.in[1], 1, p.depth});
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        const auto p = n.as<graph::gemm>();
        return gemm_scratch<T>(batch * p.rows, p.outs, p.depth, threads);
    }
};

template <>
struct kernel<graph::gemm_data> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        const auto p = n.as<graph::gemm_data>();
        run_product<Chain>(n, a, c, p.depth, p.outs, {a.in[1], p.depth, 1});
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        const auto p = n.as<graph::gemm_data>();
        return gemm_scratch<T>(batch * p.rows, p.depth, p.outs, threads);
    }
};

template <>
struct kernel<graph::gemm_weights> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        const auto p = n.as<graph::gemm_weights>();
        const std::ptrdiff_t out = p.outs, in = p.depth, rows = std::ptrdiff_t(a.batch) * p.rows;
        cpu_backend::gemm<T>(*c.team, out, in, rows, {a.in[1], 1, out}, {a.in[0], in, 1}, a.out[0], in, false,
                             c.scratch);
        if (a.out[1]) bias_gradient<T>{a.in[1], a.out[1], rows, out}.run(*c.team);
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        const auto p = n.as<graph::gemm_weights>();
        return gemm_scratch<T>(p.outs, p.depth, batch * p.rows, threads);
    }
};

}  // namespace weft::cpu_backend
