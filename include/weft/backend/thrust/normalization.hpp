#pragma once

#include "../../core/math.hpp"
#include "../reference/normalization.hpp"
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
/// x, for sums
template <class T>
struct strided_element {
    const T* x;
    std::ptrdiff_t stride;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t i) const { return x[i * stride]; }
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

/// The numbers of one channel of a [batch, channels, inner] array.
struct channel_places {
    std::ptrdiff_t batch, channels, inner;

    WEFT_DEVICE std::ptrdiff_t count() const { return batch * inner; }
    /// The sum of a functor of a pointer's channel; F is made for the start and stride of each run.
    template <class F>
    WEFT_DEVICE double sum(std::ptrdiff_t c, const F& at) const {
        if (inner == 1) return sum_of(batch, at(c, channels));
        double all = 0;
        for (std::ptrdiff_t s = 0; s < batch; ++s) all += sum_of(inner, at((s * channels + c) * inner, 1));
        return all;
    }
};
template <class T>
struct sums_of_elements {
    const T* x;
    WEFT_DEVICE strided_element<T> operator()(std::ptrdiff_t at, std::ptrdiff_t stride) const {
        return {x + at, stride};
    }
};
template <class T>
struct sums_of_squares {
    const T* x;
    T mean;
    WEFT_DEVICE squared_difference<T> operator()(std::ptrdiff_t at, std::ptrdiff_t stride) const {
        return {x + at, stride, mean};
    }
};
template <class T>
struct sums_of_products {
    const T *a, *b;
    T mean;
    WEFT_DEVICE centred_product<T> operator()(std::ptrdiff_t at, std::ptrdiff_t stride) const {
        return {a + at, b + at, stride, mean};
    }
};

/// One channel's statistics; the running ones move towards them.
template <class T>
struct batch_norm_stats_channels {
    channel_places places;
    T epsilon, momentum;
    arguments<T> a;

    WEFT_DEVICE void operator()(std::ptrdiff_t c) const {
        const double count = double(places.count());
        const T mean = T(places.sum(c, sums_of_elements<T>{a.in[0]}) / count);
        const double squares = places.sum(c, sums_of_squares<T>{a.in[0], mean});
        const T inverse = T(1) / math::sqrt(T(squares / count) + epsilon);
        reference_backend::affine_of(mean, inverse, a.in[1], a.in[2], int(c), a.out[0], a.out[1]);
        if (a.out[2] != nullptr) a.out[2][c] = mean;
        if (a.out[3] != nullptr) a.out[3][c] = inverse;
        T *running_mean = const_cast<T*>(a.in[3]), *running_variance = const_cast<T*>(a.in[4]);
        running_mean[c] += momentum * (mean - running_mean[c]);
        running_variance[c] += momentum * (T(squares / (count > 1 ? count - 1 : 1)) - running_variance[c]);
    }
};
/// One channel's scale and shift from the running statistics.
template <class T>
struct batch_norm_coeffs_channels {
    T epsilon;
    arguments<T> a;

    WEFT_DEVICE void operator()(std::ptrdiff_t c) const {
        reference_backend::affine_of(a.in[2][c], T(1) / math::sqrt(a.in[3][c] + epsilon), a.in[0], a.in[1],
                                     int(c), a.out[0], a.out[1]);
    }
};
/// One channel's dgamma, dbeta, and a, b, d of dx = a (b x + d + dy).
template <class T>
struct batch_norm_sums_channels {
    channel_places places;
    arguments<T> a;

    WEFT_DEVICE void operator()(std::ptrdiff_t c) const {
        const T count = T(places.count()), mean = a.in[3][c], inverse = a.in[4][c];
        const T sum = T(places.sum(c, sums_of_elements<T>{a.in[0]}));
        const T product = T(places.sum(c, sums_of_products<T>{a.in[0], a.in[1], mean})) * inverse;
        if (a.out[0] != nullptr) a.out[0][c] = product;
        if (a.out[1] != nullptr) a.out[1][c] = sum;
        const T b = -inverse * product / count;
        if (a.out[2] != nullptr) a.out[2][c] = (a.in[2] != nullptr ? a.in[2][c] : T(1)) * inverse;
        if (a.out[3] != nullptr) a.out[3][c] = b;
        if (a.out[4] != nullptr) a.out[4][c] = -sum / count - b * mean;
    }
};

/// Layer and batch normalisation with what follows.
template <graph::opcode Op, class Chain, class System, class T>
void normalization(const System& on, const graph::node& n, const arguments<T>& a) {
    using enum graph::opcode;
    using tail_type = chain_functor<Chain, T>;
    const auto& at = n.attribute;
    if constexpr (Op == layer_norm || Op == layer_norm_grad) {
        const std::ptrdiff_t rows = std::ptrdiff_t(a.batch) * at[0], size = at[1];
        if constexpr (Op == layer_norm)
            for_each_index(on, rows, 4 * size,
                           layer_norm_rows<tail_type, T>{
                               size, T(from_bits(at[2])), {n, a}, a.in[0], a.out[0], a.out[1]});
        else
            for_each_index(
                on, rows, 4 * size,
                layer_norm_grad_rows<tail_type, T>{size, {n, a}, a.in[0], a.in[1], a.in[2], a.out[0]});
    } else if constexpr (Op == batch_norm_coeffs) {
        for_each_index(on, at[0], 16, batch_norm_coeffs_channels<T>{T(from_bits(at[2])), a});
    } else {
        const channel_places places{a.batch, at[0], at[1]};
        if constexpr (Op == batch_norm_stats)
            for_each_index(on, at[0], 2 * places.count(),
                           batch_norm_stats_channels<T>{places, T(from_bits(at[2])), T(from_bits(at[3])), a});
        else
            for_each_index(on, at[0], 2 * places.count(), batch_norm_sums_channels<T>{places, a});
    }
}

}  // namespace weft::thrust_backend
