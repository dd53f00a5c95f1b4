#pragma once

#include "../../core/math.hpp"
#include "softmax.hpp"

namespace weft::cuda_backend {

/// (x - mean) / sqrt(variance + epsilon), and 1 / sqrt(variance + epsilon). The variance is a second pass
/// over a row that is in registers, so that it is right however far the row is from zero.
template <class Tail, class T, class In>
struct layer_norm_work : row_results<Tail, T> {
    using number = T;
    using part = several<T, 1>;
    using state = several<T, 2>;  ///< the mean, and the inverse of the deviation
    static constexpr int inputs = 1, rounds = 2;
    static constexpr bool writes = true;
    T epsilon;
    const In* in;
    T* inverse;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(in + row * this->count + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return {{T(0)}};
    }
    template <int Round, int N>
    WEFT_DEVICE void take(part& p, const state& s, const T (&x)[1][N], std::int64_t, int) const {
        T sum = 0;
        for (int k = 0; k < N; ++k) {
            const T above = Round == 0 ? x[0][k] : x[0][k] - s.at[0];
            sum += Round == 0 ? above : above * above;
        }
        p.at[0] += sum;
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0]}};
    }
    template <int Round>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t row, bool first) const {
        const T mean = p.at[0] / T(this->count);
        if constexpr (Round == 0) {
            s.at[0] = mean;
        } else {
            s.at[1] = T(1) / math::sqrt(mean + epsilon);
            if (first && inverse != nullptr) inverse[row] = s.at[1];
        }
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[1][N], std::int64_t, int, T (&y)[N]) const {
        for (int k = 0; k < N; ++k) y[k] = (x[0][k] - s.at[0]) * s.at[1];
    }
};

/// dx = inverse (dy - mean(dy) - normalized mean(dy normalized))
template <class Tail, class T, class Gradient, class Result>
struct layer_norm_grad_work : row_results<Tail, T> {
    using number = T;
    using part = several<T, 2>;
    using state = several<T, 3>;  ///< the two means, and the inverse of the deviation
    static constexpr int inputs = 2, rounds = 1;
    static constexpr bool writes = true;
    const Gradient* dy;
    const Result* normalized;
    const T* inverse;

    template <int N>
    using held = held_packs<N, Gradient, Result>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(dy + row * this->count + k);
        x.second.load(normalized + row * this->count + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return {{T(0), T(0)}};
    }
    template <int, int N>
    WEFT_DEVICE void take(part& p, const state&, const T (&x)[2][N], std::int64_t, int) const {
        T sum = 0, product = 0;
        for (int k = 0; k < N; ++k) {
            sum += x[0][k];
            product += x[0][k] * x[1][k];
        }
        p.at[0] += sum;
        p.at[1] += product;
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0], a.at[1] + b.at[1]}};
    }
    template <int>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t row, bool) const {
        s = {{p.at[0] / T(this->count), p.at[1] / T(this->count), inverse[row]}};
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[2][N], std::int64_t, int, T (&dx)[N]) const {
        for (int k = 0; k < N; ++k) dx[k] = s.at[2] * (x[0][k] - s.at[0] - x[1][k] * s.at[1]);
    }
};

template <>
struct kernel<graph::layer_norm> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::layer_norm>();
        const row_results<tail_type, T> results{{n, a}, p.size};
        run_rows(device,
                 layer_norm_work<tail_type, T, input_type<Chain, 0, T>>{results, T(p.epsilon),
                                                                        input<Chain, 0>(a), a.out[1]},
                 std::int64_t(a.batch) * p.rows, p.size);
    }
};

template <>
struct kernel<graph::layer_norm_grad> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::layer_norm_grad>();
        const row_results<tail_type, T> results{{n, a}, p.size};
        run_rows(device,
                 layer_norm_grad_work<tail_type, T, input_type<Chain, 0, T>, input_type<Chain, 1, T>>{
                     results, input<Chain, 0>(a), input<Chain, 1>(a), a.in[2]},
                 std::int64_t(a.batch) * p.rows, p.size);
    }
};

}  // namespace weft::cuda_backend
