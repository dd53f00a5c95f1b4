#pragma once

#include <cmath>

#include "kernel.hpp"
#include "vectors.hpp"

namespace weft::cpu_backend {

/// The largest of n numbers, and e^(x - largest) summed; NaN if one is NaN.
template <class T>
struct exponential_sum {
    T max;
    double sum;

    exponential_sum(const T* x, std::ptrdiff_t n) : max(x[0]) {
        using P = packet_of<T>;
        P most = ei::pset1<P>(x[0]);
        for (std::ptrdiff_t i = 0; i < n; i += lanes<T>) most = ei::pmax(most, load(x + i, n - i, x[0]));
        max = ei::predux_max(most);
        sum = sum_of<T>(n, term{x, max});
    }
    struct term {
        const T* x;
        T max;
        packet_of<T> operator()(std::ptrdiff_t i, std::ptrdiff_t count) const {
            using P = packet_of<T>;
            const P e = ei::pexp(ei::psub(load(x + i, count, max), ei::pset1<P>(max)));
            return count >= lanes<T> ? e : without_tail(e, count);
        }
    };
    static packet_of<T> without_tail(const packet_of<T>& x, std::ptrdiff_t count) {
        T part[lanes<T>];
        ei::pstoreu(part, x);
        return load_part(part, count);
    }
};

/// y = e^(x - max) / sum, from the two.
template <class T>
void exponentials(const T* x, T* y, std::ptrdiff_t n, T max, double sum) {
    using P = packet_of<T>;
    const P center = ei::pset1<P>(max), factor = ei::pset1<P>(T(1 / sum));
    for (std::ptrdiff_t i = 0; i < n; i += lanes<T>)
        store(y + i, ei::pmul(ei::pexp(ei::psub(load(x + i, n - i, max), center)), factor), n - i);
}

/// Vectors whose elements lie `stride` apart, a packet of neighbours at a time.
template <bool Logarithm, class T>
void softmax_across(const T* x, T* y, std::ptrdiff_t count, std::ptrdiff_t stride) {
    using P = packet_of<T>;
    for (std::ptrdiff_t i = 0; i < stride; i += lanes<T>) {
        const std::ptrdiff_t left = stride - i;
        P max = load(x + i, left), total = set<P>(0);
        for (std::ptrdiff_t k = 1; k < count; ++k) max = ei::pmax(max, load(x + k * stride + i, left));
        for (std::ptrdiff_t k = 0; k < count; ++k) {
            const P e = ei::pexp(ei::psub(load(x + k * stride + i, left), max));
            if (!Logarithm) store(y + k * stride + i, e, left);
            total = ei::padd(total, e);
        }
        if constexpr (Logarithm) {
            T sums[lanes<T>];
            ei::pstoreu(sums, total);
            for (T& s : sums) s = std::log(s);
            const P log = ei::padd(max, ei::ploadu<P>(sums));
            // max + log rounds; subtracting both in turn would not be better by more than that rounding
            for (std::ptrdiff_t k = 0; k < count; ++k)
                store(y + k * stride + i, ei::psub(load(x + k * stride + i, left), log), left);
        } else {
            const P factor = ei::pdiv(set<P>(1), total);
            for (std::ptrdiff_t k = 0; k < count; ++k)
                store(y + k * stride + i, ei::pmul(load(y + k * stride + i, left), factor), left);
        }
    }
}

/// softmax or log_softmax of samples [first, last).
template <class Primitive, bool Logarithm>
struct softmax_kernel : sample_kernel<Primitive> {
    template <class T>
    static void samples(const Primitive& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        using P = packet_of<T>;
        const std::ptrdiff_t outer = p.outer, count = p.count, inner = p.inner;
        for (std::ptrdiff_t o = first * outer; o < last * outer; ++o) {
            const T* x = a.in[0] + o * count * inner;
            T* y = a.out[0] + o * count * inner;
            if (inner > 1) {
                softmax_across<Logarithm>(x, y, count, inner);
                continue;
            }
            const exponential_sum<T> total(x, count);
            if constexpr (Logarithm) {
                const P max = ei::pset1<P>(total.max), log = ei::pset1<P>(T(std::log(total.sum)));
                for (std::ptrdiff_t i = 0; i < count; i += lanes<T>)
                    store(y + i, ei::psub(ei::psub(load(x + i, count - i), max), log), count - i);
            } else {
                exponentials(x, y, count, total.max, total.sum);
            }
        }
    }
};
template <>
struct kernel<graph::softmax> : softmax_kernel<graph::softmax, false> {};
template <>
struct kernel<graph::log_softmax> : softmax_kernel<graph::log_softmax, true> {};

/// dx = y (dy - sum(dy y)), or dy - e^y sum(dy) for the logarithm.
template <bool Logarithm, class T>
packet_of<T> softmax_slope(const packet_of<T>& dy, const packet_of<T>& y, const packet_of<T>& sum) {
    return Logarithm ? ei::psub(dy, ei::pmul(ei::pexp(y), sum)) : ei::pmul(y, ei::psub(dy, sum));
}
template <class Primitive, bool Logarithm>
struct softmax_grad_kernel : sample_kernel<Primitive> {
    template <class T>
    static void samples(const Primitive& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        using P = packet_of<T>;
        const std::ptrdiff_t outer = p.outer, count = p.count, inner = p.inner;
        for (std::ptrdiff_t o = first * outer; o < last * outer; ++o) {
            const T *dy = a.in[0] + o * count * inner, *y = a.in[1] + o * count * inner;
            T* dx = a.out[0] + o * count * inner;
            if (inner == 1) {
                const double total = Logarithm ? sum_of<T>(count, plain_term<T>{dy})
                                               : sum_of<T>(count, product_term<T>{dy, y});
                const P sum = ei::pset1<P>(T(total));
                for (std::ptrdiff_t i = 0; i < count; i += lanes<T>)
                    store(dx + i,
                          softmax_slope<Logarithm, T>(load(dy + i, count - i), load(y + i, count - i), sum),
                          count - i);
                continue;
            }
            for (std::ptrdiff_t i = 0; i < inner; i += lanes<T>) {
                P sum = set<P>(0);
                for (std::ptrdiff_t k = i; k < count * inner; k += inner) {
                    const P d = load(dy + k, inner - i);
                    sum = ei::padd(sum, Logarithm ? d : ei::pmul(d, load(y + k, inner - i)));
                }
                for (std::ptrdiff_t k = i; k < count * inner; k += inner)
                    store(dx + k,
                          softmax_slope<Logarithm, T>(load(dy + k, inner - i), load(y + k, inner - i), sum),
                          inner - i);
            }
        }
    }
};
template <>
struct kernel<graph::softmax_grad> : softmax_grad_kernel<graph::softmax_grad, false> {};
template <>
struct kernel<graph::log_softmax_grad> : softmax_grad_kernel<graph::log_softmax_grad, true> {};

}  // namespace weft::cpu_backend
