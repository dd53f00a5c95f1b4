#pragma once

#include "../../core/math.hpp"
#include "kernel.hpp"

namespace weft::reference_backend {

/// scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale
template <class T>
constexpr void affine_of(T mean, T deviation_inverse, const T* gamma, const T* beta, int c, T* scale,
                         T* shift) {
    const T s = (gamma ? gamma[c] : T(1)) * deviation_inverse;
    if (scale) scale[c] = s;
    if (shift) shift[c] = (beta ? beta[c] : T(0)) - mean * s;
}

/// The statistics of the batch; the running ones (const in the record, changed here) move towards them.
template <>
struct kernel<graph::batch_norm_stats> {
    template <class T>
    static constexpr void run(const graph::batch_norm_stats& p, const arguments<T>& a) {
        const int channels = p.channels, inner = p.inner;
        const T epsilon = T(p.epsilon), momentum = T(p.momentum);
        const std::ptrdiff_t count = std::ptrdiff_t(a.batch) * inner;
        for (int c = 0; c < channels; ++c) {
            T sum = 0, squares = 0;
            for (int s = 0; s < a.batch; ++s)
                for (int i = 0; i < inner; ++i)
                    sum += a.in[0][(std::ptrdiff_t(s) * channels + c) * inner + i];
            const T mean = sum / T(count);
            for (int s = 0; s < a.batch; ++s)
                for (int i = 0; i < inner; ++i) {
                    const T d = a.in[0][(std::ptrdiff_t(s) * channels + c) * inner + i] - mean;
                    squares += d * d;
                }
            const T inverse = T(1) / math::sqrt(squares / T(count) + epsilon);
            affine_of(mean, inverse, a.in[1], a.in[2], c, a.out[0], a.out[1]);
            if (a.out[2]) a.out[2][c] = mean;
            if (a.out[3]) a.out[3][c] = inverse;
            T *running_mean = const_cast<T*>(a.in[3]), *running_variance = const_cast<T*>(a.in[4]);
            running_mean[c] += momentum * (mean - running_mean[c]);
            running_variance[c] += momentum * (squares / T(count > 1 ? count - 1 : 1) - running_variance[c]);
        }
    }
};

template <>
struct kernel<graph::batch_norm_coeffs> {
    template <class T>
    static constexpr void run(const graph::batch_norm_coeffs& p, const arguments<T>& a) {
        for (int c = 0; c < p.channels; ++c)
            affine_of(a.in[2][c], T(1) / math::sqrt(a.in[3][c] + T(p.epsilon)), a.in[0], a.in[1], c, a.out[0],
                      a.out[1]);
    }
};

/// dgamma, dbeta, and a, b, d of dx = a (b x + d + dy).
template <>
struct kernel<graph::batch_norm_sums> {
    template <class T>
    static constexpr void run(const graph::batch_norm_sums& p, const arguments<T>& a) {
        const int channels = p.channels, inner = p.inner;
        const T count = T(std::ptrdiff_t(a.batch) * inner);
        for (int c = 0; c < channels; ++c) {
            const T mean = a.in[3][c], inverse = a.in[4][c];
            T sum = 0, product = 0;
            for (int s = 0; s < a.batch; ++s)
                for (int i = 0; i < inner; ++i) {
                    const std::ptrdiff_t at = (std::ptrdiff_t(s) * channels + c) * inner + i;
                    sum += a.in[0][at];
                    product += a.in[0][at] * (a.in[1][at] - mean) * inverse;
                }
            if (a.out[0]) a.out[0][c] = product;
            if (a.out[1]) a.out[1][c] = sum;
            const T b = -inverse * product / count;
            if (a.out[2]) a.out[2][c] = (a.in[2] ? a.in[2][c] : T(1)) * inverse;
            if (a.out[3]) a.out[3][c] = b;
            if (a.out[4]) a.out[4][c] = -sum / count - b * mean;
        }
    }
};

}  // namespace weft::reference_backend
