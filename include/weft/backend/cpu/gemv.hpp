#pragma once

#include <cstddef>

#include "gemm_kernel.hpp"

namespace weft::cpu_backend {

namespace detail {

/// R dot products of x with consecutive rows of w. `end` holds the last packet of x with what is not new
/// zeroed.
template <int R, class T>
void dot_rows(const T* w, std::ptrdiff_t stride, std::ptrdiff_t k, const T* x, const T* end, T* y) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes;
    packet<T> sum[R];
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) sum[r] = pset1<packet<T>>(T(0));
    for (std::ptrdiff_t p = 0; p + lanes <= k; p += lanes) {
        const packet<T> right = ploadu<packet<T>>(x + p);
        WEFT_UNROLL(16)
        for (int r = 0; r < R; ++r) sum[r] = pmadd(ploadu<packet<T>>(w + r * stride + p), right, sum[r]);
    }
    if (end != nullptr) {
        const packet<T> right = pload<packet<T>>(end);
        WEFT_UNROLL(16)
        for (int r = 0; r < R; ++r)
            sum[r] = pmadd(ploadu<packet<T>>(w + r * stride + k - lanes), right, sum[r]);
    }
    WEFT_UNROLL(16)
    for (int r = 0; r < R; ++r) y[r] = predux(sum[r]);
}

/// y[rows] = w[rows, k] x for k of at least a packet, the rows of w `stride` apart: nothing is packed, eight
/// rows share what is read of x.
template <class T>
[[gnu::noinline]] void matrix_vector(const T* w, std::ptrdiff_t rows, std::ptrdiff_t k, std::ptrdiff_t stride,
                                     const T* x, T* y) {
    constexpr int lanes = tile<T>::lanes;
    const int rest = int(k % lanes);
    alignas(64) T last[lanes];
    for (int l = 0; l < lanes; ++l) last[l] = l < lanes - rest ? T(0) : x[k - lanes + l];
    const T* const end = rest != 0 ? last : nullptr;
    std::ptrdiff_t j = 0;
    for (; j + 8 <= rows; j += 8) dot_rows<8>(w + j * stride, stride, k, x, end, y + j);
    for (; j < rows; ++j) dot_rows<1>(w + j * stride, stride, k, x, end, y + j);
}

/// y[size] = or += the sum of C columns of w, each contiguous and `stride` after the one before, times x.
template <int C, class T>
void add_some_columns(const T* w, std::ptrdiff_t size, std::ptrdiff_t stride, const T* x, T* y, bool add) {
    using namespace Eigen::internal;
    constexpr int lanes = tile<T>::lanes;
    packet<T> factor[C];
    WEFT_UNROLL(16)
    for (int c = 0; c < C; ++c) factor[c] = pset1<packet<T>>(x[c]);
    std::ptrdiff_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        packet<T> sum = add ? ploadu<packet<T>>(y + i) : pset1<packet<T>>(T(0));
        WEFT_UNROLL(16)
        for (int c = 0; c < C; ++c) sum = pmadd(factor[c], ploadu<packet<T>>(w + c * stride + i), sum);
        pstoreu(y + i, sum);
    }
    for (; i < size; ++i) {
        T sum = add ? y[i] : T(0);
        for (int c = 0; c < C; ++c) sum += x[c] * w[c * stride + i];
        y[i] = sum;
    }
}

/// y[size] = w x, where the k columns of w are contiguous: w is read in the order in which it lies in memory.
template <class T>
[[gnu::noinline]] void add_columns(const T* w, std::ptrdiff_t size, std::ptrdiff_t k, std::ptrdiff_t stride,
                                   const T* x, T* y) {
    std::ptrdiff_t p = 0;
    for (; p + 8 <= k; p += 8) add_some_columns<8>(w + p * stride, size, stride, x + p, y, p > 0);
    for (; p < k; ++p) add_some_columns<1>(w + p * stride, size, stride, x + p, y, p > 0);
}

}  // namespace detail

/// Products with one row or column up to this many weights go through `matrix_vector`; beyond, several
/// threads are worth their start.
inline constexpr std::ptrdiff_t vector_product_limit = std::ptrdiff_t(1) << 18;

}  // namespace weft::cpu_backend
