#pragma once

#include "../reference/cross_entropy.hpp"
#include "softmax.hpp"

namespace weft::cpu_backend {

/// loss = -sum(weight_k log p_k) of samples [first, last), from logits (keeping probabilities) or from
/// log-probabilities.
template <class Primitive, bool FromLogits>
struct cross_entropy_kernel : sample_kernel<Primitive> {
    template <class T>
    static void samples(const Primitive& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        const std::ptrdiff_t classes = p.classes;
        for (std::ptrdiff_t s = first; s < last; ++s) {
            const T* x = a.in[0] + s * classes;
            const reference_backend::target_weights<T> weight(p, a.in[1], a.in[2], s);
            T max = 0, log = 0;
            if constexpr (FromLogits) {
                const exponential_sum<T> total(x, classes);
                max = total.max;
                log = T(std::log(total.sum));
                if (a.out[2]) exponentials(x, a.out[2] + s * classes, classes, total.max, total.sum);
            }
            double loss = 0;
            if (!weight.soft && weight.smoothing == 0) {
                const int label = int(weight.target[0]);
                loss = double(weight.normalizer()) * double(log - (x[label] - max));
            } else {
                for (int k = 0; k < classes; ++k)
                    if (const T w = weight(k); w != 0) loss += double(w) * double(log - (x[k] - max));
            }
            a.out[0][s] = T(loss);
            if (a.out[1]) a.out[1][s] = weight.normalizer();
        }
    }
};
template <>
struct kernel<graph::pick_nll> : cross_entropy_kernel<graph::pick_nll, false> {};
template <>
struct kernel<graph::softmax_xent> : cross_entropy_kernel<graph::softmax_xent, true> {};

/// The gradient of the logits, dloss (p_k sum(weight) - weight_k), or of log-probabilities, -dloss weight_k.
template <class Primitive, bool FromLogits>
struct cross_entropy_grad_kernel : sample_kernel<Primitive> {
    template <class T>
    static void samples(const Primitive& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        using P = packet_of<T>;
        const std::ptrdiff_t classes = p.classes;
        constexpr int target = FromLogits ? 2 : 1;
        for (std::ptrdiff_t s = first; s < last; ++s) {
            const reference_backend::target_weights<T> weight(p, a.in[target], a.in[target + 1], s);
            const T scale = a.in[0][s];
            T* dx = a.out[0] + s * classes;
            const bool hard = !weight.soft && weight.smoothing == 0;
            T sum = 0;
            if constexpr (FromLogits) {
                if (hard)
                    sum = weight.normalizer();
                else
                    for (int k = 0; k < classes; ++k) sum += weight(k);
            }
            const P factor = ei::pset1<P>(scale * sum);
            for (std::ptrdiff_t i = 0; i < classes; i += lanes<T>) {
                P y = set<P>(0);
                if constexpr (FromLogits) y = ei::pmul(load(a.in[1] + s * classes + i, classes - i), factor);
                store(dx + i, y, classes - i);
            }
            if (hard)
                dx[int(weight.target[0])] -= scale * weight.normalizer();
            else
                for (int k = 0; k < classes; ++k) dx[k] -= scale * weight(k);
        }
    }
};
template <>
struct kernel<graph::pick_nll_grad> : cross_entropy_grad_kernel<graph::pick_nll_grad, false> {};
template <>
struct kernel<graph::softmax_xent_grad> : cross_entropy_grad_kernel<graph::softmax_xent_grad, true> {};

}  // namespace weft::cpu_backend
