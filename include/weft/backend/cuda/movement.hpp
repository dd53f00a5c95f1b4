#pragma once

#include "elementwise.hpp"

namespace weft::cuda_backend {

/// The parts of each sample, one after the other; bit p of `Mask` stands for one whose numbers are `Narrow`.
template <class T, class Narrow, unsigned Mask>
struct concat_source {
    const void* in[graph::max_inputs];
    int size[graph::max_inputs], end[graph::max_inputs], parts;
    divider by_total;

    template <class Tail, int N>
    WEFT_DEVICE void read(const Tail&, std::int64_t e, T (&x)[N]) const {
        const std::int64_t sample = divided(e, by_total);
        const int within = int(e - sample * by_total.by());
        const void* from = in[0];
        std::int64_t at = sample * size[0] + within;
        bool narrow = Mask & 1;
        for (int p = 1; p < graph::max_inputs; ++p)
            if (p < parts && within >= end[p - 1]) {
                from = in[p];
                at = sample * size[p] + (within - end[p - 1]);
                narrow = Mask >> p & 1;
            }
        if (narrow)
            cuda_backend::read(static_cast<const Narrow*>(from) + at, x);
        else
            cuda_backend::read(static_cast<const T*>(from) + at, x);
    }
};
/// A run of each sample's numbers.
template <class In>
struct slice_source {
    const In* in;  ///< where the first sample's run starts
    std::int64_t total;
    divider by_size;

    template <class Tail, class T, int N>
    WEFT_DEVICE void read(const Tail&, std::int64_t e, T (&x)[N]) const {
        const std::int64_t sample = divided(e, by_size);
        cuda_backend::read(in + sample * total + (e - sample * by_size.by()), x);
    }
};

template <>
struct kernel<graph::concat> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        using elements = elements_of<Chain>;
        const auto p = n.as<graph::concat>();
        const chain_functor<Chain, T> tail(n, a);
        concat_source<T, typename elements::template narrow_type<T>, elements::narrow_inputs> source{
            {}, {}, {}, p.parts, {}};
        int total = 0;
        bool packs = true;  // never across the end of a part
        for (int k = 0; k < p.parts; ++k) {
            source.in[k] = a.in[k];
            source.size[k] = p.sizes[k];
            source.end[k] = total += p.sizes[k];
            packs = packs && p.sizes[k] % pack<T>::size == 0;
        }
        source.by_total = divider(total);
        map<T>(device, source, tail, tail.out, std::int64_t(a.batch) * total, packs);
    }
};

template <>
struct kernel<graph::slice> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const auto p = n.as<graph::slice>();
        const chain_functor<Chain, T> tail(n, a);
        map<T>(device,
               slice_source<input_type<Chain, 0, T>>{input<Chain, 0>(a) + p.offset, p.total, divider(p.size)},
               tail, tail.out, std::int64_t(a.batch) * p.size,
               p.total % pack<T>::size == 0 && p.size % pack<T>::size == 0);
    }
};

}  // namespace weft::cuda_backend
