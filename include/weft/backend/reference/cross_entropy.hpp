#pragma once

#include "softmax.hpp"

namespace weft::reference_backend {

/// The weight that a cross-entropy gives to minus the log-probability of each class: one-hot or soft targets,
/// smoothed, times the class weights. PyTorch's formula.
template <class T>
struct target_weights {
    const T *target, *class_weights;
    int classes;
    bool soft;
    T smoothing;

    constexpr target_weights(const graph::class_loss& p, const T* targets, const T* weights,
                             std::ptrdiff_t sample)
        : target(targets + sample * p.targets),
          class_weights(weights),
          classes(p.classes),
          soft(p.targets != 1),
          smoothing(T(p.smoothing)) {}

    constexpr T operator()(int k) const {
        const T hard = soft ? target[k] : (k == int(target[0]) ? T(1) : T(0));
        return (hard * (T(1) - smoothing) + smoothing / T(classes)) *
               (class_weights ? class_weights[k] : T(1));
    }
    /// What the mean divides by: PyTorch's sum of the weights of the labels (1 for soft targets).
    constexpr T normalizer() const { return soft || !class_weights ? T(1) : class_weights[int(target[0])]; }
};

/// loss = -sum(weight_k * log p_k), per sample; from logits (keeping probabilities) or from
/// log-probabilities.
template <bool FromLogits>
struct cross_entropy_kernel {
    template <class T>
    static constexpr void run(const graph::class_loss& p, const arguments<T>& a) {
        const std::ptrdiff_t classes = p.classes;
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const T* x = a.in[0] + s * classes;
            const target_weights<T> weight(p, a.in[1], a.in[2], s);
            T max = 0, log = 0;
            if constexpr (FromLogits) {
                const log_sum<T> total(x, 1, classes);
                max = total.max;
                log = total.log;
            }
            T loss = 0;
            for (int k = 0; k < classes; ++k) {
                const T log_p = x[k] - max - log, w = weight(k);
                if (w != 0) loss -= w * log_p;
                if (a.out[2]) a.out[2][s * classes + k] = math::exp(log_p);
            }
            a.out[0][s] = loss;
            if (a.out[1]) a.out[1][s] = weight.normalizer();
        }
    }
};
template <>
struct kernel<graph::pick_nll> : cross_entropy_kernel<false> {};
template <>
struct kernel<graph::softmax_xent> : cross_entropy_kernel<true> {};

/// The gradient of log-probabilities, -dloss weight_k, or of logits, dloss (p_k sum(weight) - weight_k).
template <bool OfLogits>
struct cross_entropy_grad_kernel {
    template <class T>
    static constexpr void run(const graph::class_loss& p, const arguments<T>& a) {
        constexpr int target = OfLogits ? 2 : 1;
        const std::ptrdiff_t classes = p.classes;
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const target_weights<T> weight(p, a.in[target], a.in[target + 1], s);
            T sum = 0;
            if constexpr (OfLogits)
                for (int k = 0; k < classes; ++k) sum += weight(k);
            for (int k = 0; k < classes; ++k) {
                const T probability = OfLogits ? a.in[1][s * classes + k] * sum : T(0);
                a.out[0][s * classes + k] = a.in[0][s] * (probability - weight(k));
            }
        }
    }
};
template <>
struct kernel<graph::pick_nll_grad> : cross_entropy_grad_kernel<false> {};
template <>
struct kernel<graph::softmax_xent_grad> : cross_entropy_grad_kernel<true> {};

}  // namespace weft::reference_backend
