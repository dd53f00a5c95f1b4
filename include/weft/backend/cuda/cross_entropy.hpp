#pragma once

#include "../reference/cross_entropy.hpp"
#include "softmax.hpp"

namespace weft::cuda_backend {

/// The targets of all samples.
template <class T>
struct target_rows {
    reference_backend::target_weights<T> first;

    target_rows(const graph::class_loss& p, const T* targets, const T* class_weights)
        : first(p, targets, class_weights, 0) {}
    WEFT_DEVICE reference_backend::target_weights<T> operator()(std::int64_t sample) const {
        auto result = first;
        result.target += sample * (first.soft ? first.classes : 1);
        return result;
    }
};

/// -sum(weight_k log p_k) of logits, and the probabilities: a row is read once.
template <class Tail, class T, class In, class Probability>
struct softmax_xent_work {
    using number = T;
    using part = typename exponentials<T>::part;
    using state = several<T, 2>;  ///< the largest logit, and the logarithm of the sum
    static constexpr int inputs = 1, rounds = 2;
    static constexpr bool writes = true;
    Tail tail;
    target_rows<T> targets;
    const In* in;
    T* normalizer;
    Probability* probabilities;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(in + row * targets.first.classes + k);
    }
    template <int Round>
    WEFT_DEVICE part start() const {
        return Round == 0 ? exponentials<T>::none() : part{{T(0), T(0)}};
    }
    template <int Round, int N>
    WEFT_DEVICE void take(part& p, const state& s, const T (&x)[1][N], std::int64_t row, int k) const {
        if constexpr (Round == 0) {
            exponentials<T>::take(p, x[0]);
        } else {
            const auto weight = targets(row);
            for (int i = 0; i < N; ++i) {
                const T w = weight(k + i);
                if (w != 0) p.at[0] -= w * (x[0][i] - s.at[0] - s.at[1]);
            }
        }
    }
    template <int Round>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        if constexpr (Round == 0) return exponentials<T>::merge(a, b);
        return {{a.at[0] + b.at[0], T(0)}};
    }
    template <int Round>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t row, bool first) const {
        if constexpr (Round == 0) {
            s = {{p.at[0], math::log(p.at[1])}};
        } else if (first) {
            tail.put(p.at[0], row);
            if (normalizer != nullptr) normalizer[row] = targets(row).normalizer();
        }
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[1][N], std::int64_t, int, T (&y)[N]) const {
        for (int i = 0; i < N; ++i) y[i] = math::exp(x[0][i] - s.at[0] - s.at[1]);
    }
    template <int N>
    WEFT_DEVICE void put(const T (&y)[N], std::int64_t row, int k) const {
        if (probabilities != nullptr) write(probabilities + row * targets.first.classes + k, y);
    }
};

/// dloss (p_k sum(weight) - weight_k)
template <class Tail, class T, class Probability>
struct softmax_xent_grad_work : row_results<Tail, T> {
    using number = T;
    using part = several<T, 1>;
    using state = several<T, 2>;  ///< the sum of the weights, and dloss
    static constexpr int inputs = 1, rounds = 1;
    static constexpr bool writes = true;
    target_rows<T> targets;
    const T* dloss;
    const Probability* probabilities;

    template <int N>
    using held = held_packs<N, Probability>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(probabilities + row * this->count + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return {{T(0)}};
    }
    template <int, int N>
    WEFT_DEVICE void take(part& p, const state&, const T (&)[1][N], std::int64_t row, int k) const {
        const auto weight = targets(row);
        for (int i = 0; i < N; ++i) p.at[0] += weight(k + i);
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0]}};
    }
    template <int>
    WEFT_DEVICE void close(state& s, const part& p, std::int64_t row, bool) const {
        s = {{p.at[0], dloss[row]}};
    }
    template <int N>
    WEFT_DEVICE void result(const state& s, const T (&x)[1][N], std::int64_t row, int k, T (&y)[N]) const {
        const auto weight = targets(row);
        for (int i = 0; i < N; ++i) y[i] = s.at[1] * (x[0][i] * s.at[0] - weight(k + i));
    }
};

/// -sum(weight_k log p_k) of log-probabilities
template <class Tail, class T, class In>
struct pick_nll_work {
    using number = T;
    using part = several<T, 1>;
    using state = several<T, 1>;
    static constexpr int inputs = 1, rounds = 1;
    static constexpr bool writes = false;
    Tail tail;
    target_rows<T> targets;
    const In* in;
    T* normalizer;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t row, int k) const {
        x.first.load(in + row * targets.first.classes + k);
    }
    template <int>
    WEFT_DEVICE part start() const {
        return {{T(0)}};
    }
    template <int, int N>
    WEFT_DEVICE void take(part& p, const state&, const T (&x)[1][N], std::int64_t row, int k) const {
        const auto weight = targets(row);
        for (int i = 0; i < N; ++i) {
            const T w = weight(k + i);
            if (w != 0) p.at[0] -= w * x[0][i];
        }
    }
    template <int>
    WEFT_DEVICE part merge(const part& a, const part& b) const {
        return {{a.at[0] + b.at[0]}};
    }
    template <int>
    WEFT_DEVICE void close(state&, const part& p, std::int64_t row, bool first) const {
        if (!first) return;
        tail.put(p.at[0], row);
        if (normalizer != nullptr) normalizer[row] = targets(row).normalizer();
    }
};

/// -dloss weight_k
template <class T>
struct pick_nll_gradient {
    target_rows<T> targets;
    divider by_classes;
    const T* dloss;

    template <class Tail, int N>
    WEFT_DEVICE void read(const Tail&, std::int64_t e, T (&x)[N]) const {
        for (int i = 0; i < N; ++i) {
            const std::int64_t sample = divided(e + i, by_classes);
            x[i] = dloss[sample] * -targets(sample)(int(e + i - sample * by_classes.by()));
        }
    }
};

template <>
struct kernel<graph::pick_nll> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::class_loss>();
        run_rows(device,
                 pick_nll_work<tail_type, T, input_type<Chain, 0, T>>{
                     {n, a}, {p, a.in[1], a.in[2]}, input<Chain, 0>(a), a.out[1]},
                 a.batch, p.classes);
    }
};

template <>
struct kernel<graph::softmax_xent> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::class_loss>();
        run_rows(device,
                 softmax_xent_work<tail_type, T, input_type<Chain, 0, T>, output_type<Chain, 2, T>>{
                     {n, a}, {p, a.in[1], a.in[2]}, input<Chain, 0>(a), a.out[1], output<Chain, 2>(a)},
                 a.batch, p.classes);
    }
};

template <>
struct kernel<graph::softmax_xent_grad> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using tail_type = chain_functor<Chain, T>;
        const auto p = n.as<graph::class_loss>();
        run_rows(device,
                 softmax_xent_grad_work<tail_type, T, input_type<Chain, 1, T>>{
                     {{n, a}, p.classes}, {p, a.in[2], a.in[3]}, a.in[0], input<Chain, 1>(a)},
                 a.batch, p.classes);
    }
};

template <>
struct kernel<graph::pick_nll_grad> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::class_loss>();
        const chain_functor<Chain, T> tail(n, a);
        map_packs<T>(device, pick_nll_gradient<T>{{p, a.in[1], a.in[2]}, divider(p.classes), a.in[0]}, tail,
                     tail.out, std::int64_t(a.batch) * p.classes);
    }
};

}  // namespace weft::cuda_backend
