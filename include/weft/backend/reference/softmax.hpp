#pragma once

#include "../../core/math.hpp"
#include "../../core/real.hpp"
#include "../arguments.hpp"

namespace weft::reference_backend {

/// Calls body(first element, stride, count) for each vector that a softmax runs over.
template <class Body>
constexpr void for_each_vector(const graph::node& n, int first, int last, Body body) {
    const std::ptrdiff_t outer = n.attribute[0], count = n.attribute[1], inner = n.attribute[2];
    for (std::ptrdiff_t o = first * outer; o < last * outer; ++o)
        for (std::ptrdiff_t i = 0; i < inner; ++i) body(o * count * inner + i, inner, count);
}

/// max(x) and log(sum(exp(x - max))) of a strided vector
template <class T>
struct log_sum {
    T max, log;
    constexpr log_sum(const T* x, std::ptrdiff_t stride, std::ptrdiff_t count) : max(x[0]), log(0) {
        for (std::ptrdiff_t k = 1; k < count; ++k)
            if (x[k * stride] > max) max = x[k * stride];
        T sum = 0;
        for (std::ptrdiff_t k = 0; k < count; ++k) sum += math::exp(x[k * stride] - max);
        log = math::log(sum);
    }
};

template <class T>
constexpr void softmax(const graph::node& n, const arguments<T>& a, int first, int last) {
    const bool logarithm = n.op == graph::opcode::log_softmax;
    for_each_vector(n, first, last, [&](std::ptrdiff_t at, std::ptrdiff_t stride, std::ptrdiff_t count) {
        const T* x = a.in[0] + at;
        const log_sum<T> total(x, stride, count);
        for (std::ptrdiff_t k = 0; k < count; ++k) {
            const T log = x[k * stride] - total.max - total.log;
            a.out[0][at + k * stride] = logarithm ? log : math::exp(log);
        }
    });
}

/// dx = y (dy - sum(dy y)), or dy - exp(y) sum(dy) for the logarithm
template <class T>
constexpr void softmax_grad(const graph::node& n, const arguments<T>& a, int first, int last) {
    const bool logarithm = n.op == graph::opcode::log_softmax_grad;
    for_each_vector(n, first, last, [&](std::ptrdiff_t at, std::ptrdiff_t stride, std::ptrdiff_t count) {
        const T *dy = a.in[0] + at, *y = a.in[1] + at;
        T sum = 0;
        for (std::ptrdiff_t k = 0; k < count; ++k)
            sum += logarithm ? dy[k * stride] : dy[k * stride] * y[k * stride];
        for (std::ptrdiff_t k = 0; k < count; ++k)
            a.out[0][at + k * stride] = logarithm ? dy[k * stride] - math::exp(y[k * stride]) * sum
                                                  : y[k * stride] * (dy[k * stride] - sum);
    });
}

/// The weight that a cross-entropy gives to minus the log-probability of each class: one-hot or soft targets,
/// smoothed, times the class weights. PyTorch's formula.
template <class T>
struct target_weights {
    const T *target, *class_weights;
    int classes;
    bool soft;
    T smoothing;

    constexpr target_weights(const graph::node& n, const T* targets, const T* weights, std::ptrdiff_t sample)
        : target(targets + sample * n.attribute[1]),
          class_weights(weights),
          classes(n.attribute[0]),
          soft(n.attribute[1] != 1),
          smoothing(T(from_bits(n.attribute[2]))) {}

    constexpr T operator()(int k) const {
        const T hard = soft ? target[k] : (k == int(target[0]) ? T(1) : T(0));
        return (hard * (T(1) - smoothing) + smoothing / T(classes)) *
               (class_weights ? class_weights[k] : T(1));
    }
    /// What the mean divides by: PyTorch's sum of the weights of the labels (1 for soft targets).
    constexpr T normalizer() const { return soft || !class_weights ? T(1) : class_weights[int(target[0])]; }
};

/// loss = -sum(weight_k * log p_k), per sample; from log-probabilities, or from logits (keeping
/// probabilities).
template <class T>
constexpr void cross_entropy(const graph::node& n, const arguments<T>& a, int first, int last) {
    const bool from_logits = n.op == graph::opcode::softmax_xent;
    const std::ptrdiff_t classes = n.attribute[0];
    for (std::ptrdiff_t s = first; s < last; ++s) {
        const T* x = a.in[0] + s * classes;
        const target_weights<T> weight(n, a.in[1], a.in[2], s);
        T max = 0, log = 0;
        if (from_logits) {
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

/// pick_nll: -dloss weight_k. softmax_xent: dloss (p_k sum(weight) - weight_k).
template <class T>
constexpr void cross_entropy_grad(const graph::node& n, const arguments<T>& a, int first, int last) {
    const bool from_logits = n.op == graph::opcode::softmax_xent_grad;
    const std::ptrdiff_t classes = n.attribute[0];
    for (std::ptrdiff_t s = first; s < last; ++s) {
        const target_weights<T> weight(n, from_logits ? a.in[2] : a.in[1], from_logits ? a.in[3] : a.in[2],
                                       s);
        T sum = 0;
        if (from_logits)
            for (int k = 0; k < classes; ++k) sum += weight(k);
        for (int k = 0; k < classes; ++k) {
            const T p = from_logits ? a.in[1][s * classes + k] * sum : T(0);
            a.out[0][s * classes + k] = a.in[0][s] * (p - weight(k));
        }
    }
}

}  // namespace weft::reference_backend
