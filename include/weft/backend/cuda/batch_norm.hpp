#pragma once

#include "../../core/math.hpp"
#include "../reference/batch_norm.hpp"
#include "execution/elements.hpp"
#include "kernel.hpp"
#include "reductions/column_sums.hpp"
#include "reductions/run_sums.hpp"

namespace weft::cuda_backend {

/// A channel's mean and variance in one pass. A thread sums differences from the first number it sees, since
/// squares of numbers far from zero would cancel; what threads found is merged as counts, means and squared
/// differences (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979).
template <class T, class In>
struct batch_norm_stats_work {
    using number = T;
    struct tally {
        T first, sum, squares;
        int count;
    };
    using part = several<double, 3>;
    static constexpr int inputs = 1, fields = 3;
    const In* in;
    T epsilon, momentum;
    const T *gamma, *beta;
    T *running_mean, *running_variance, *scale, *shift, *mean, *inverse;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t i) const {
        x.first.load(in + i);
    }
    WEFT_DEVICE tally start(std::int64_t) const { return {T(0), T(0), T(0), 0}; }
    WEFT_DEVICE void take(tally& s, const T (&x)[1]) const {
        if (s.count == 0) s.first = x[0];
        const T d = x[0] - s.first;
        s.sum += d;
        s.squares += d * d;
        ++s.count;
    }
    WEFT_DEVICE part close(const tally& s) const {
        if (s.count == 0) return {{0, 0, 0}};
        const double count = s.count, sum = double(s.sum), squares = double(s.squares) - sum * sum / count;
        return {{count, double(s.first) + sum / count, squares < 0 ? 0 : squares}};
    }
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        const double count = a.at[0] + b.at[0];
        if (count == 0) return a;
        const double d = b.at[1] - a.at[1], share = b.at[0] / count;
        return {{count, a.at[1] + d * share, a.at[2] + b.at[2] + d * d * a.at[0] * share}};
    }
    WEFT_DEVICE void finish(std::int64_t q, const part& p) const {
        const int c = int(q);
        const double count = p.at[0];
        const T m = T(p.at[1]), i = T(1) / math::sqrt(T(p.at[2] / count) + epsilon);
        reference_backend::affine_of(m, i, gamma, beta, c, scale, shift);
        if (mean != nullptr) mean[c] = m;
        if (inverse != nullptr) inverse[c] = i;
        running_mean[c] += momentum * (m - running_mean[c]);
        running_variance[c] += momentum * (T(p.at[2] / (count > 1 ? count - 1 : 1)) - running_variance[c]);
    }
};

/// A channel's dgamma, dbeta, and a, b, d of dx = a (b x + d + dy).
template <class T, class Gradient, class In>
struct batch_norm_sums_work {
    using number = T;
    struct tally {
        T mean, sum, product;
    };
    using part = several<double, 2>;
    static constexpr int inputs = 2, fields = 2;
    const Gradient* dy;
    const In* in;
    T count;
    const T *gamma, *mean, *inverse;
    T* out[5];

    template <int N>
    using held = held_packs<N, Gradient, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t i) const {
        x.first.load(dy + i);
        x.second.load(in + i);
    }
    WEFT_DEVICE tally start(std::int64_t q) const { return {mean[q], T(0), T(0)}; }
    WEFT_DEVICE void take(tally& s, const T (&x)[2]) const {
        s.sum += x[0];
        s.product += x[0] * (x[1] - s.mean);
    }
    WEFT_DEVICE part close(const tally& s) const { return {{double(s.sum), double(s.product)}}; }
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0], a.at[1] + b.at[1]}};
    }
    WEFT_DEVICE void finish(std::int64_t c, const part& p) const {
        const T sum = T(p.at[0]), i = inverse[c], product = T(p.at[1]) * i, b = -i * product / count;
        if (out[0] != nullptr) out[0][c] = product;
        if (out[1] != nullptr) out[1][c] = sum;
        if (out[2] != nullptr) out[2][c] = (gamma != nullptr ? gamma[c] : T(1)) * i;
        if (out[3] != nullptr) out[3][c] = b;
        if (out[4] != nullptr) out[4][c] = -sum / count - b * mean[c];
    }
};

/// A channel's scale and shift from the running statistics.
template <class T>
struct batch_norm_coeffs_work {
    T epsilon;
    const T *gamma, *beta, *mean, *variance;
    T *scale, *shift;

    WEFT_DEVICE void operator()(std::int64_t c) const {
        reference_backend::affine_of(mean[c], T(1) / math::sqrt(variance[c] + epsilon), gamma, beta, int(c),
                                     scale, shift);
    }
};

template <class Device, class Work, class T>
void sum_channels(const Device& device, const Work& work, std::int64_t batch, int channels, int inner,
                  T* scratch) {
    if (inner > 1)
        sum_runs(device, work, run_sizes{channels, channels, 0, batch, std::int64_t(channels) * inner, inner},
                 scratch);
    else
        sum_columns(device, work, column_sizes{1, batch, channels}, scratch);
}
/// Their scratch, for parts of so many numbers.
inline std::size_t channel_scratch(const graph::batch_normalization& p, int fields, int capacity) {
    return std::size_t(fields * (p.inner > 1 ? many_blocks : column_scratch({1, capacity, p.channels})));
}

template <>
struct kernel<graph::batch_norm_coeffs> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::batch_norm_coeffs>();
        for_each_index(
            device, p.channels,
            batch_norm_coeffs_work<T>{T(p.epsilon), a.in[0], a.in[1], a.in[2], a.in[3], a.out[0], a.out[1]});
    }
};

template <>
struct kernel<graph::batch_norm_stats> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<graph::batch_norm_stats>();
        const work<T, input_type<Chain, 0, T>> each{
            input<Chain, 0>(a),      T(p.epsilon), T(p.momentum), a.in[1],  a.in[2], const_cast<T*>(a.in[3]),
            const_cast<T*>(a.in[4]), a.out[0],     a.out[1],      a.out[2], a.out[3]};
        sum_channels(device, each, a.batch, p.channels, p.inner, scratch);
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, int capacity) {
        return channel_scratch(n.as<graph::batch_normalization>(), work<T, T>::fields, capacity);
    }

private:
    template <class T, class In>
    using work = batch_norm_stats_work<T, In>;
};

template <>
struct kernel<graph::batch_norm_sums> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<graph::batch_norm_sums>();
        const work<T, input_type<Chain, 0, T>, input_type<Chain, 1, T>> each{
            input<Chain, 0>(a),
            input<Chain, 1>(a),
            T(std::int64_t(a.batch) * p.inner),
            a.in[2],
            a.in[3],
            a.in[4],
            {a.out[0], a.out[1], a.out[2], a.out[3], a.out[4]}};
        sum_channels(device, each, a.batch, p.channels, p.inner, scratch);
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, int capacity) {
        return channel_scratch(n.as<graph::batch_normalization>(), work<T, T, T>::fields, capacity);
    }

private:
    template <class T, class Gradient, class In>
    using work = batch_norm_sums_work<T, Gradient, In>;
};

}  // namespace weft::cuda_backend
