#pragma once

#include "elementwise.hpp"

namespace weft::thrust_backend {

/// One part of one sample: `size` numbers from `in` to their place in the whole.
template <class Tail, class T>
struct concat_parts {
    Tail tail;
    const T* in[graph::max_inputs];
    int size[graph::max_inputs], start[graph::max_inputs], parts;
    std::ptrdiff_t total;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const std::ptrdiff_t sample = q / parts, p = q % parts, at = sample * total + start[p];
        const T* from = in[p] + sample * size[p];
        for (std::ptrdiff_t i = 0; i < size[p]; ++i) out[at + i] = from[i];
        tail.finish(at, at + size[p]);
    }
};
/// A run of one sample's numbers.
template <class Tail, class T>
struct slice_samples {
    std::ptrdiff_t total, offset, size;
    Tail tail;
    const T* in;
    T* out;

    WEFT_DEVICE void operator()(std::ptrdiff_t s) const {
        for (std::ptrdiff_t i = 0; i < size; ++i) out[s * size + i] = in[s * total + offset + i];
        tail.finish(s * size, (s + 1) * size);
    }
};

template <>
struct kernel<graph::concat> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::concat>();
        concat_parts<chain_functor<Chain, T>, T> f{{n, a}, {}, {}, {}, p.parts, 0, a.out[0]};
        for (int k = 0; k < p.parts; ++k) {
            f.in[k] = a.in[k];
            f.size[k] = p.sizes[k];
            f.start[k] = int(f.total);
            f.total += p.sizes[k];
        }
        for_each_index(on, std::ptrdiff_t(a.batch) * p.parts, f.total / p.parts, f);
    }
};

template <>
struct kernel<graph::slice> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::slice>();
        for_each_index(
            on, a.batch, p.size,
            slice_samples<chain_functor<Chain, T>, T>{p.total, p.offset, p.size, {n, a}, a.in[0], a.out[0]});
    }
};

}  // namespace weft::thrust_backend
