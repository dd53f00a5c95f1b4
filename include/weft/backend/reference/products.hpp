#pragma once

#include "kernel.hpp"

namespace weft::reference_backend {

/// y[rows, n] = x[rows, k] w[n, k]^T
template <>
struct kernel<graph::gemm> {
    template <class T>
    static constexpr void run(const graph::gemm& p, const arguments<T>& a) {
        for (std::ptrdiff_t r = 0; r < std::ptrdiff_t(a.batch) * p.rows; ++r)
            for (int j = 0; j < p.outs; ++j) {
                T sum = 0;
                for (int i = 0; i < p.depth; ++i)
                    sum += a.in[0][r * p.depth + i] * a.in[1][std::ptrdiff_t(j) * p.depth + i];
                a.out[0][r * p.outs + j] = sum;
            }
    }
};

/// dx[rows, k] = dy[rows, n] w[n, k]
template <>
struct kernel<graph::gemm_data> {
    template <class T>
    static constexpr void run(const graph::gemm_data& p, const arguments<T>& a) {
        for (std::ptrdiff_t r = 0; r < std::ptrdiff_t(a.batch) * p.rows; ++r)
            for (int i = 0; i < p.depth; ++i) {
                T sum = 0;
                for (int j = 0; j < p.outs; ++j)
                    sum += a.in[0][r * p.outs + j] * a.in[1][std::ptrdiff_t(j) * p.depth + i];
                a.out[0][r * p.depth + i] = sum;
            }
    }
};

/// dw[n, k] = dy^T x, db[n] = the sum of dy's rows
template <>
struct kernel<graph::gemm_weights> {
    template <class T>
    static constexpr void run(const graph::gemm_weights& p, const arguments<T>& a) {
        const std::ptrdiff_t rows = std::ptrdiff_t(p.rows) * a.batch;
        for (int j = 0; j < p.outs; ++j) {
            T bias = 0;
            for (std::ptrdiff_t r = 0; r < rows; ++r) bias += a.in[1][r * p.outs + j];
            if (a.out[1]) a.out[1][j] = bias;
            for (int i = 0; i < p.depth; ++i) {
                T sum = 0;
                for (std::ptrdiff_t r = 0; r < rows; ++r)
                    sum += a.in[1][r * p.outs + j] * a.in[0][r * p.depth + i];
                a.out[0][std::ptrdiff_t(j) * p.depth + i] = sum;
            }
        }
    }
};

}  // namespace weft::reference_backend
