#pragma once

#include <cublas_v2.h>

#include <string>

#include "../../core/error.hpp"
#include "products.hpp"

namespace weft::thrust_backend {

/// Matrix products on CUDA are cuBLAS's. It stores columns, so each product is of the transposes.
template <>
struct matrix_library<cuda_system> {
    static constexpr bool exists = true;

    /// y[rows, outs] = x[rows, depth] w[outs, depth]^T
    template <class T>
    static void forward(const T* x, const T* w, T* y, std::ptrdiff_t rows, std::ptrdiff_t outs,
                        std::ptrdiff_t depth) {
        call(CUBLAS_OP_T, CUBLAS_OP_N, outs, rows, depth, w, depth, x, depth, y);
    }
    /// dx[rows, depth] = dy[rows, outs] w[outs, depth]
    template <class T>
    static void data(const T* dy, const T* w, T* dx, std::ptrdiff_t rows, std::ptrdiff_t outs,
                     std::ptrdiff_t depth) {
        call(CUBLAS_OP_N, CUBLAS_OP_N, depth, rows, outs, w, depth, dy, outs, dx);
    }
    /// dw[outs, depth] = dy[rows, outs]^T x[rows, depth]
    template <class T>
    static void weights(const T* x, const T* dy, T* dw, std::ptrdiff_t rows, std::ptrdiff_t outs,
                        std::ptrdiff_t depth) {
        call(CUBLAS_OP_N, CUBLAS_OP_T, depth, outs, rows, x, depth, dy, outs, dw);
    }

private:
    /// Of this thread: a handle must not be used by two at once. Runs on the stream that Thrust uses.
    struct handle {
        cublasHandle_t value{};
        handle() { check(cublasCreate(&value)); }
        ~handle() { cublasDestroy(value); }
        handle(const handle&) = delete;
        handle& operator=(const handle&) = delete;
    };
    static void check(cublasStatus_t status) {
        if (status != CUBLAS_STATUS_SUCCESS)
            raise("cannot multiply matrices", "cuBLAS", cublasGetStatusString(status));
    }
    /// c[columns of n, m rows] in cuBLAS's order
    template <class T>
    static void call(cublasOperation_t of_a, cublasOperation_t of_b, std::ptrdiff_t m, std::ptrdiff_t n,
                     std::ptrdiff_t k, const T* a, std::ptrdiff_t lda, const T* b, std::ptrdiff_t ldb, T* c) {
        thread_local const handle shared;
        const T one = 1, zero = 0;
        if constexpr (sizeof(T) == sizeof(float))
            check(cublasSgemm(shared.value, of_a, of_b, int(m), int(n), int(k), &one, a, int(lda), b,
                              int(ldb), &zero, c, int(m)));
        else
            check(cublasDgemm(shared.value, of_a, of_b, int(m), int(n), int(k), &one, a, int(lda), b,
                              int(ldb), &zero, c, int(m)));
    }
};

}  // namespace weft::thrust_backend
