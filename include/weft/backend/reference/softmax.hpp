#pragma once

#include "../../core/math.hpp"
#include "kernel.hpp"

namespace weft::reference_backend {

/// Calls body(first element, stride, count) for each vector of a batch.
template <class Body>
constexpr void for_each_vector(const graph::vectors& p, int batch, Body body) {
    for (std::ptrdiff_t o = 0; o < std::ptrdiff_t(batch) * p.outer; ++o)
        for (std::ptrdiff_t i = 0; i < p.inner; ++i) body(o * p.count * p.inner + i, p.inner, p.count);
}

/// max(x) and log(sum(exp(x - max))) of a strided vector
template <class T>
struct log_sum {
    T max, log;
    constexpr log_sum(const T* x, std::ptrdiff_t stride, std::ptrdiff_t count) : max(x[0]), log(0) {
        for (std::ptrdiff_t k = 1; k < count; ++k)
            if (x[k * stride] > max) max = x[k * stride];
        T sum = 0;
        for (std::ptrdiff_t k = 0; k < count; ++k) sum += math::exp(x[k * stride] - max);
        log = math::log(sum);
    }
};

template <bool Logarithm>
struct softmax_kernel {
    template <class T>
    static constexpr void run(const graph::vectors& p, const arguments<T>& a) {
        for_each_vector(p, a.batch, [&](std::ptrdiff_t at, std::ptrdiff_t stride, std::ptrdiff_t count) {
            const T* x = a.in[0] + at;
            const log_sum<T> total(x, stride, count);
            for (std::ptrdiff_t k = 0; k < count; ++k) {
                const T log = x[k * stride] - total.max - total.log;
                a.out[0][at + k * stride] = Logarithm ? log : math::exp(log);
            }
        });
    }
};
template <>
struct kernel<graph::softmax> : softmax_kernel<false> {};
template <>
struct kernel<graph::log_softmax> : softmax_kernel<true> {};

/// dx = y (dy - sum(dy y)), or dy - exp(y) sum(dy) for the logarithm
template <bool Logarithm>
struct softmax_grad_kernel {
    template <class T>
    static constexpr void run(const graph::vectors& p, const arguments<T>& a) {
        for_each_vector(p, a.batch, [&](std::ptrdiff_t at, std::ptrdiff_t stride, std::ptrdiff_t count) {
            const T *dy = a.in[0] + at, *y = a.in[1] + at;
            T sum = 0;
            for (std::ptrdiff_t k = 0; k < count; ++k)
                sum += Logarithm ? dy[k * stride] : dy[k * stride] * y[k * stride];
            for (std::ptrdiff_t k = 0; k < count; ++k)
                a.out[0][at + k * stride] = Logarithm ? dy[k * stride] - math::exp(y[k * stride]) * sum
                                                      : y[k * stride] * (dy[k * stride] - sum);
        });
    }
};
template <>
struct kernel<graph::softmax_grad> : softmax_grad_kernel<false> {};
template <>
struct kernel<graph::log_softmax_grad> : softmax_grad_kernel<true> {};

}  // namespace weft::reference_backend
