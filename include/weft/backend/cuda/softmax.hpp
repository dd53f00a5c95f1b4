#pragma once

#include <limits>

#include "../../core/math.hpp"
#include "kernel.hpp"
#include "reductions/strided_rows.hpp"

namespace weft::cuda_backend {

/// Of some numbers: the largest, and the sum of exp(x - largest), found in one pass.
template <class T>
struct exponentials {
    using part = several<T, 2>;

    /// No infinity, so that a difference from it is a number.
    WEFT_DEVICE static constexpr part none() { return {{std::numeric_limits<T>::lowest(), T(0)}}; }
    template <int N>
    WEFT_DEVICE static void take(part& p, const T (&x)[N]) {
        T max = p.at[0];
        for (int k = 0; k < N; ++k) max = x[k] > max ? x[k] : max;
        T sum = p.at[1] * math::exp(p.at[0] - max);
        for (int k = 0; k < N; ++k) sum += math::exp(x[k] - max);
        p = {{max, sum}};
    }
    WEFT_DEVICE static part merge(const part& a, const part& b) {
        const T max = a.at[0] > b.at[0] ? a.at[0] : b.at[0];
        return {{max, a.at[1] * math::exp(a.at[0] - max) + b.at[1] * math::exp(b.at[0] - max)}};
    }
};

/// Where the results of rows of `count` numbers go, through the steps that follow.
template <class Tail, class T>
struct row_results {
    Tail tail;
    std::int64_t count;

    template <int N>
    WEFT_DEVICE void put(T (&y)[N], std::int64_t row, int k) const {
        tail.after(y, row * count + k);
        write(tail.out + row * count + k, y);
    }
};

template <bool Logarithm, class Tail, class T, class In>
struct softmax_work : row_results<Tail, T> {
    using number = T;
    using part = typename exponentials<T>::part;
    using state = several<T, 2>;  ///< the largest number, and the logarithm of the sum or its inverse
    static constexpr int inputs = 1, rounds = 1;
    static constexpr bool writes = true;
    const In* in;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(in + row * this->count + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return exponentials<T>::none();
    }
    template <int, int N>
    WEFT_DEVICE void take(part& p, const state&, const T (&x)[1][N], std::int64_t, int) const {
        exponentials<T>::take(p, x[0]);
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return exponentials<T>::merge(a, b);
    }
    template <int>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t, bool) const {
        s = {{p.at[0], Logarithm ? math::log(p.at[1]) : T(1) / p.at[1]}};
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[1][N], std::int64_t, int, T (&y)[N]) const {
        for (int k = 0; k < N; ++k) {
            const T above = x[0][k] - s.at[0];
            y[k] = Logarithm ? above - s.at[1] : math::exp(above) * s.at[1];
        }
    }
};

/// dx = y (dy - sum(dy y)), or dy - exp(y) sum(dy) for the logarithm
template <bool Logarithm, class Tail, class T, class Gradient, class Result>
struct softmax_grad_work : row_results<Tail, T> {
    using number = T;
    using part = several<T, 1>;
    using state = several<T, 1>;  ///< the sum
    static constexpr int inputs = 2, rounds = 1;
    static constexpr bool writes = true;
    const Gradient* dy;
    const Result* y;

    template <int N>
    using held = held_packs<N, Gradient, Result>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(dy + row * this->count + k);
        x.second.load(y + row * this->count + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return {{T(0)}};
    }
    template <int, int N>
    WEFT_DEVICE void take(part& p, const state&, const T (&x)[2][N], std::int64_t, int) const {
        for (int k = 0; k < N; ++k) p.at[0] += Logarithm ? x[0][k] : x[0][k] * x[1][k];
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0]}};
    }
    template <int>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t, bool) const {
        s = p;
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[2][N], std::int64_t, int, T (&dx)[N]) const {
        for (int k = 0; k < N; ++k)
            dx[k] = Logarithm ? x[0][k] - math::exp(x[1][k]) * s.at[0] : x[1][k] * (x[0][k] - s.at[0]);
    }
};

template <class Device, class Work>
void run_vectors(const Device& device, const Work& work, const graph::vectors& p, int batch) {
    const std::int64_t groups = std::int64_t(batch) * p.outer;
    p.inner == 1 ? run_rows(device, work, groups, p.count)
                 : run_strided_rows(device, work, groups, p.count, p.inner);
}

template <bool Logarithm>
struct softmax_kernel {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::vectors>();
        const row_results<tail_type, T> results{{n, a}, std::int64_t(p.count) * p.inner};
        run_vectors(
            device,
            softmax_work<Logarithm, tail_type, T, input_type<Chain, 0, T>>{results, input<Chain, 0>(a)}, p,
            a.batch);
    }
};
template <>
struct kernel<graph::softmax> : softmax_kernel<false> {};
template <>
struct kernel<graph::log_softmax> : softmax_kernel<true> {};

template <bool Logarithm>
struct softmax_grad_kernel {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::vectors>();
        const row_results<tail_type, T> results{{n, a}, std::int64_t(p.count) * p.inner};
        run_vectors(
            device,
            softmax_grad_work<Logarithm, tail_type, T, input_type<Chain, 0, T>, input_type<Chain, 1, T>>{
                results, input<Chain, 0>(a), input<Chain, 1>(a)},
            p, a.batch);
    }
};
template <>
struct kernel<graph::softmax_grad> : softmax_grad_kernel<false> {};
template <>
struct kernel<graph::log_softmax_grad> : softmax_grad_kernel<true> {};

}  // namespace weft::cuda_backend
