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

/// softmax, log_softmax and their gradients with what follows.
template <graph::opcode Op, class Chain, class System, class T>
void softmax(const System& on, const graph::node& n, const arguments<T>& a) {
    using enum graph::opcode;
    using tail_type = chain_functor<Chain, T>;
    constexpr bool logarithm = Op == graph::opcode::log_softmax || Op == log_softmax_grad;
    const std::ptrdiff_t count = n.attribute[1], inner = n.attribute[2];
    const vector_functor<tail_type, T> vectors{count, inner, {n, a}, a.in[0], a.in[1], a.out[0]};
    const std::ptrdiff_t all = std::ptrdiff_t(a.batch) * n.attribute[0] * inner;
    if constexpr (Op == graph::opcode::softmax || Op == log_softmax)
        for_each_index(on, all, 16 * count, softmax_functor<logarithm, tail_type, T>{vectors});
    else
        for_each_index(on, all, 4 * count, softmax_grad_functor<logarithm, tail_type, T>{vectors});
}

}  // namespace weft::thrust_backend
