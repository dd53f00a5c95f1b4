#pragma once

#include "../../core/math.hpp"
#include "reduce.hpp"

namespace weft::thrust_backend {

/// (x - mean)^2, for sums
template <class T>
struct squared_difference {
    const T* x;
    std::ptrdiff_t stride;
    T mean;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t i) const {
        return (x[i * stride] - mean) * (x[i * stride] - mean);
    }
};
/// a (b - mean), for sums
template <class T>
struct centred_product {
    const T *a, *b;
    std::ptrdiff_t stride;
    T mean;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t i) const {
        return a[i * stride] * (b[i * stride] - mean);
    }
};
/// One row: (x - mean) / sqrt(variance + epsilon), and 1 / sqrt(variance + epsilon).
template <class Tail, class T>
struct layer_norm_rows {
    std::ptrdiff_t size;
    T epsilon;
    Tail tail;
    const T* in;
    T *out, *inverse;

    WEFT_DEVICE void operator()(std::ptrdiff_t r) const {
        const T* x = in + r * size;
        T* y = out + r * size;
        const T mean = T(sum_of(size, element_of<T>{x}) / double(size));
        const T variance = T(sum_of(size, squared_difference<T>{x, 1, mean}) / double(size));
        const T scale = T(1) / math::sqrt(variance + epsilon);
        for (std::ptrdiff_t i = 0; i < size; ++i) y[i] = (x[i] - mean) * scale;
        if (inverse != nullptr) inverse[r] = scale;
        tail.finish(r * size, (r + 1) * size);
    }
};
template <class Tail, class T>
struct layer_norm_grad_rows {
    std::ptrdiff_t size;
    Tail tail;
    const T *gradients, *normalized, *inverse;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t r) const {
        const T *dy = gradients + r * size, *x = normalized + r * size;
        T* dx = out + r * size;
        const T mean = T(sum_of(size, element_of<T>{dy}) / double(size));
        const T product = T(sum_of(size, centred_product<T>{dy, x, 1, T(0)}) / double(size));
        for (std::ptrdiff_t i = 0; i < size; ++i) dx[i] = inverse[r] * (dy[i] - mean - x[i] * product);
        tail.finish(r * size, (r + 1) * size);
    }
};

template <>
struct kernel<graph::layer_norm> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::layer_norm>();
        for_each_index(on, std::ptrdiff_t(a.batch) * p.rows, 4 * p.size,
                       layer_norm_rows<chain_functor<Chain, T>, T>{
                           p.size, T(p.epsilon), {n, a}, a.in[0], a.out[0], a.out[1]});
    }
};

template <>
struct kernel<graph::layer_norm_grad> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::layer_norm_grad>();
        for_each_index(on, std::ptrdiff_t(a.batch) * p.rows, 4 * p.size,
                       layer_norm_grad_rows<chain_functor<Chain, T>, T>{
                           p.size, {n, a}, a.in[0], a.in[1], a.in[2], a.out[0]});
    }
};

}  // namespace weft::thrust_backend
