#pragma once

#include "../reference/cross_entropy.hpp"
#include "softmax.hpp"

namespace weft::thrust_backend {

/// The cross-entropy of one sample: -sum(weight_k * log p_k), from log-probabilities or from logits.
template <bool FromLogits, class Tail, class T>
struct cross_entropy_functor {
    graph::class_loss p;
    Tail tail;
    const T *in, *targets, *class_weights;
    T *loss, *normalizer, *probabilities;

    WEFT_DEVICE void operator()(std::ptrdiff_t s) const {
        const std::ptrdiff_t classes = p.classes;
        const T* x = in + s * classes;
        const reference_backend::target_weights<T> weight(p, targets, class_weights, s);
        T max = 0, log = 0;
        if constexpr (FromLogits) {
            max = maximum_of(x, 1, classes);
            log = T(math::log(sum_of(classes, exponential_of<T>{x, 1, max})));
        }
        double sum = 0;
        for (int k = 0; k < classes; ++k) {
            const T log_p = x[k] - max - log, w = weight(k);
            if (w != 0) sum -= double(w * log_p);
            if (probabilities != nullptr) probabilities[s * classes + k] = math::exp(log_p);
        }
        loss[s] = T(sum);
        if (normalizer != nullptr) normalizer[s] = weight.normalizer();
        tail.finish(s, s + 1);
    }
};

/// Its gradient: -dloss weight_k, or dloss (p_k sum(weight) - weight_k) of the logits.
template <bool FromLogits, class Tail, class T>
struct cross_entropy_grad_functor {
    graph::class_loss p;
    Tail tail;
    const T *dloss, *probabilities, *targets, *class_weights;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t s) const {
        const std::ptrdiff_t classes = p.classes, at = s * classes;
        const reference_backend::target_weights<T> weight(p, targets, class_weights, s);
        double sum = 0;
        if constexpr (FromLogits)
            for (int k = 0; k < classes; ++k) sum += double(weight(k));
        for (int k = 0; k < classes; ++k) {
            const T share = FromLogits ? probabilities[at + k] * T(sum) : T(0);
            out[at + k] = dloss[s] * (share - weight(k));
        }
        tail.finish(at, at + classes);
    }
};

template <bool FromLogits>
struct cross_entropy_kernel {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::class_loss>();
        for_each_index(on, a.batch, 16 * p.classes,
                       cross_entropy_functor<FromLogits, chain_functor<Chain, T>, T>{
                           p, {n, a}, a.in[0], a.in[1], a.in[2], a.out[0], a.out[1], a.out[2]});
    }
};
template <>
struct kernel<graph::pick_nll> : cross_entropy_kernel<false> {};
template <>
struct kernel<graph::softmax_xent> : cross_entropy_kernel<true> {};

template <bool OfLogits>
struct cross_entropy_grad_kernel {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        constexpr int target = OfLogits ? 2 : 1;
        const auto p = n.as<graph::class_loss>();
        for_each_index(on, a.batch, 16 * p.classes,
                       cross_entropy_grad_functor<OfLogits, chain_functor<Chain, T>, T>{
                           p, {n, a}, a.in[0], a.in[1], a.in[target], a.in[target + 1], a.out[0]});
    }
};
template <>
struct kernel<graph::pick_nll_grad> : cross_entropy_grad_kernel<false> {};
template <>
struct kernel<graph::softmax_xent_grad> : cross_entropy_grad_kernel<true> {};

}  // namespace weft::thrust_backend
