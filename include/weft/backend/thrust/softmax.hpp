#pragma once

#include "../../core/math.hpp"
#include "reduce.hpp"

namespace weft::thrust_backend {

/// exp(x[k] - max), for sums
template <class T>
struct exponential_of {
    const T* x;
    std::ptrdiff_t stride;
    T max;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t k) const { return math::exp(x[k * stride] - max); }
};
template <class T>
WEFT_DEVICE constexpr T maximum_of(const T* x, std::ptrdiff_t stride, std::ptrdiff_t count) {
    T max = x[0];
    for (std::ptrdiff_t k = 1; k < count; ++k)
        if (x[k * stride] > max) max = x[k * stride];
    return max;
}

/// dy, or dy y, for sums
template <bool Logarithm, class T>
struct gradient_term {
    const T *dy, *y;
    std::ptrdiff_t stride;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t k) const {
        return Logarithm ? dy[k * stride] : dy[k * stride] * y[k * stride];
    }
};

/// One strided vector: call q takes number q of batch * outer * inner.
template <class Tail, class T>
struct vector_functor {
    std::ptrdiff_t count, inner;
    Tail tail;
    const T *first, *second;
    T* out;

    WEFT_DEVICE std::ptrdiff_t start(std::ptrdiff_t q) const { return q / inner * count * inner + q % inner; }
    WEFT_DEVICE void finish(std::ptrdiff_t at) const {
        if (inner == 1)
            tail.finish(at, at + count);
        else
            for (std::ptrdiff_t k = 0; k < count; ++k) tail.finish(at + k * inner, at + k * inner + 1);
    }
};

template <bool Logarithm, class Tail, class T>
struct softmax_functor : vector_functor<Tail, T> {
    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const std::ptrdiff_t at = this->start(q), count = this->count, stride = this->inner;
        const T* x = this->first + at;
        T* y = this->out + at;
        const T max = maximum_of(x, stride, count);
        if constexpr (Logarithm) {
            const T log = T(math::log(sum_of(count, exponential_of<T>{x, stride, max})));
            for (std::ptrdiff_t k = 0; k < count; ++k) y[k * stride] = x[k * stride] - max - log;
        } else {
            double sum = 0;
            for (std::ptrdiff_t k = 0; k < count; ++k) {
                y[k * stride] = math::exp(x[k * stride] - max);
                sum += double(y[k * stride]);
            }
            for (std::ptrdiff_t k = 0; k < count; ++k) y[k * stride] /= T(sum);
        }
        this->finish(at);
    }
};

/// dx = y (dy - sum(dy y)), or dy - exp(y) sum(dy) for the logarithm
template <bool Logarithm, class Tail, class T>
struct softmax_grad_functor : vector_functor<Tail, T> {
    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const std::ptrdiff_t at = this->start(q), count = this->count, stride = this->inner;
        const T *dy = this->first + at, *y = this->second + at;
        T* dx = this->out + at;
        const T sum = T(sum_of(count, gradient_term<Logarithm, T>{dy, y, stride}));
        for (std::ptrdiff_t k = 0; k < count * stride; k += stride)
            dx[k] = Logarithm ? dy[k] - math::exp(y[k]) * sum : y[k] * (dy[k] - sum);
        this->finish(at);
    }
};

/// Vectors, each in about `Work` times the time of copying it.
template <template <bool, class, class> class Functor, bool Logarithm, int Work>
struct vectors_kernel {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::vectors>();
        for_each_index(
            on, std::ptrdiff_t(a.batch) * p.outer * p.inner, Work * p.count,
            Functor<Logarithm, tail_type, T>{{p.count, p.inner, {n, a}, a.in[0], a.in[1], a.out[0]}});
    }
};
template <>
struct kernel<graph::softmax> : vectors_kernel<softmax_functor, false, 16> {};
template <>
struct kernel<graph::log_softmax> : vectors_kernel<softmax_functor, true, 16> {};
template <>
struct kernel<graph::softmax_grad> : vectors_kernel<softmax_grad_functor, false, 4> {};
template <>
struct kernel<graph::log_softmax_grad> : vectors_kernel<softmax_grad_functor, true, 4> {};

}  // namespace weft::thrust_backend
