#pragma once

#include "../reference/softmax.hpp"
#include "softmax.hpp"

namespace weft::thrust_backend {

/// The cross-entropy of one sample: -sum(weight_k * log p_k), from log-probabilities or from logits.
template <bool FromLogits, class Tail, class T>
struct cross_entropy_functor {
    graph::node n;
    Tail tail;
    const T *in, *targets, *class_weights;
    T *loss, *normalizer, *probabilities;

    WEFT_DEVICE void operator()(std::ptrdiff_t s) const {
        const std::ptrdiff_t classes = n.attribute[0];
        const T* x = in + s * classes;
        const reference_backend::target_weights<T> weight(n, targets, class_weights, s);
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
    graph::node n;
    Tail tail;
    const T *dloss, *probabilities, *targets, *class_weights;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t s) const {
        const std::ptrdiff_t classes = n.attribute[0], at = s * classes;
        const reference_backend::target_weights<T> weight(n, targets, class_weights, s);
        double sum = 0;
        if constexpr (FromLogits)
            for (int k = 0; k < classes; ++k) sum += double(weight(k));
        for (int k = 0; k < classes; ++k) {
            const T p = FromLogits ? probabilities[at + k] * T(sum) : T(0);
            out[at + k] = dloss[s] * (p - weight(k));
        }
        tail.finish(at, at + classes);
    }
};

/// pick_nll, softmax_xent and their gradients with what follows.
template <graph::opcode Op, class Chain, class System, class T>
void loss(const System& on, const graph::node& n, const arguments<T>& a) {
    using enum graph::opcode;
    using tail_type = chain_functor<Chain, T>;
    constexpr bool logits = Op == softmax_xent || Op == softmax_xent_grad;
    const tail_type tail(n, a);
    const std::ptrdiff_t work = 16 * n.attribute[0];
    if constexpr (Op == pick_nll || Op == softmax_xent)
        for_each_index(on, a.batch, work,
                       cross_entropy_functor<logits, tail_type, T>{n, tail, a.in[0], a.in[1], a.in[2],
                                                                   a.out[0], a.out[1], a.out[2]});
    else
        for_each_index(on, a.batch, work,
                       cross_entropy_grad_functor<logits, tail_type, T>{
                           n, tail, a.in[0], a.in[1], a.in[logits ? 2 : 1], a.in[logits ? 3 : 2], a.out[0]});
}

}  // namespace weft::thrust_backend
