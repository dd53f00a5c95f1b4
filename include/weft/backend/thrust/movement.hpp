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

/// concat and slice with what follows.
template <graph::opcode Op, class Chain, class System, class T>
void movement(const System& on, const graph::node& n, const arguments<T>& a) {
    using tail_type = chain_functor<Chain, T>;
    if constexpr (Op == graph::opcode::concat) {
        concat_parts<tail_type, T> f{{n, a}, {}, {}, {}, n.attribute[graph::max_inputs], 0, a.out[0]};
        for (int p = 0; p < f.parts; ++p) {
            f.in[p] = a.in[p];
            f.size[p] = n.attribute[p];
            f.start[p] = int(f.total);
            f.total += f.size[p];
        }
        for_each_index(on, std::ptrdiff_t(a.batch) * f.parts, f.total / f.parts, f);
    } else {
        for_each_index(on, a.batch, n.attribute[2],
                       slice_samples<tail_type, T>{
                           n.attribute[0], n.attribute[1], n.attribute[2], {n, a}, a.in[0], a.out[0]});
    }
}

}  // namespace weft::thrust_backend
