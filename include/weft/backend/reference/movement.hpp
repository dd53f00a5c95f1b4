#pragma once

#include "elementwise.hpp"

namespace weft::reference_backend {

template <class T>
constexpr void concat(const graph::node& n, const arguments<T>& a, int first, int last) {
    const int parts = n.attribute[graph::max_inputs];
    std::ptrdiff_t total = 0, offset = 0;
    for (int p = 0; p < parts; ++p) total += n.attribute[p];
    for (int p = 0; p < parts; ++p) {
        const std::ptrdiff_t size = n.attribute[p];
        for (int s = first; s < last; ++s)
            for (std::ptrdiff_t i = 0; i < size; ++i)
                a.out[0][s * total + offset + i] = a.in[p][s * size + i];
        offset += size;
    }
}

template <class T>
constexpr void slice(const graph::node& n, const arguments<T>& a, int first, int last) {
    const std::ptrdiff_t total = n.attribute[0], offset = n.attribute[1], size = n.attribute[2];
    for (int s = first; s < last; ++s)
        for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][s * size + i] = a.in[0][s * total + offset + i];
}

template <class T>
constexpr void reduce(const graph::node& n, const arguments<T>& a) {
    const graph::blocking v{n.attribute[0], n.attribute[1], n.attribute[2]};
    const auto mode = graph::operand_mode(n.attribute[3]);
    const std::ptrdiff_t size =
        std::ptrdiff_t(graph::operand_size(mode, v)) * (graph::is_per_sample(mode) ? a.batch : 1);
    const T factor = T(from_bits(n.attribute[4])) / (n.attribute[5] ? T(a.batch) : T(1));
    for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][i] = 0;
    for (int s = 0; s < a.batch; ++s)
        for (int o = 0; o < v.outer; ++o)
            for (int c = 0; c < v.channels; ++c)
                for (int i = 0; i < v.inner; ++i)
                    a.out[0][operand_index(mode, v, s, o, c, i)] +=
                        a.in[0][operand_index(graph::operand_mode::same, v, s, o, c, i)];
    for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][i] *= factor;
}

}  // namespace weft::reference_backend
