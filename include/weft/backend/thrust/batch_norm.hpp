#pragma once

#include "../../core/math.hpp"
#include "../reference/batch_norm.hpp"
#include "layer_norm.hpp"

namespace weft::thrust_backend {

/// x, for sums
template <class T>
struct strided_element {
    const T* x;
    std::ptrdiff_t stride;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t i) const { return x[i * stride]; }
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

template <>
struct kernel<graph::batch_norm_stats> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::batch_norm_stats>();
        const channel_places places{a.batch, p.channels, p.inner};
        for_each_index(on, p.channels, 2 * places.count(),
                       batch_norm_stats_channels<T>{places, T(p.epsilon), T(p.momentum), a});
    }
};

template <>
struct kernel<graph::batch_norm_coeffs> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::batch_norm_coeffs>();
        for_each_index(on, p.channels, 16, batch_norm_coeffs_channels<T>{T(p.epsilon), a});
    }
};

template <>
struct kernel<graph::batch_norm_sums> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::batch_norm_sums>();
        const channel_places places{a.batch, p.channels, p.inner};
        for_each_index(on, p.channels, 2 * places.count(), batch_norm_sums_channels<T>{places, a});
    }
};

}  // namespace weft::thrust_backend
