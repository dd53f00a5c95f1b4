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

/// concat and slice with what follows.
template <graph::opcode Op, class Chain, class Device, class T>
void movement(const Device& device, const graph::node& n, const arguments<T>& a) {
    constexpr int pack_size = pack<T>::size;
    const chain_functor<Chain, T> tail(n, a);
    if constexpr (Op == graph::opcode::concat) {
        using elements = elements_of<Chain>;
        concat_source<T, typename elements::template narrow_type<T>, elements::narrow_inputs> source{
            {}, {}, {}, n.attribute[graph::max_inputs], {}};
        int total = 0;
        bool packs = true;  // never across the end of a part
        for (int p = 0; p < source.parts; ++p) {
            source.in[p] = a.in[p];
            source.size[p] = n.attribute[p];
            source.end[p] = total += n.attribute[p];
            packs = packs && n.attribute[p] % pack_size == 0;
        }
        source.by_total = divider(total);
        map<T>(device, source, tail, tail.out, std::int64_t(a.batch) * total, packs);
    } else {
        const int total = n.attribute[0], offset = n.attribute[1], size = n.attribute[2];
        map<T>(device,
               slice_source<input_type<Chain, 0, T>>{input<Chain, 0>(a) + offset, total, divider(size)}, tail,
               tail.out, std::int64_t(a.batch) * size, total % pack_size == 0 && size % pack_size == 0);
    }
}

}  // namespace weft::cuda_backend
