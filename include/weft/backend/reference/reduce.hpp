#pragma once

#include "elementwise.hpp"

namespace weft::reference_backend {

/// What the sums are divided by.
template <class T>
constexpr T divisor_of(const graph::reduce& p, int batch) {
    return T(p.divisor) * (p.per_batch ? T(batch) : T(1));
}

template <>
struct kernel<graph::reduce> {
    template <class T>
    static constexpr void run(const graph::reduce& p, const arguments<T>& a) {
        const graph::blocking& v = p.view;
        const std::ptrdiff_t size =
            std::ptrdiff_t(graph::operand_size(p.over(), v)) * (graph::is_per_sample(p.over()) ? a.batch : 1);
        const T divisor = divisor_of<T>(p, a.batch);
        for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][i] = 0;
        for (int s = 0; s < a.batch; ++s)
            for (int o = 0; o < v.outer; ++o)
                for (int c = 0; c < v.channels; ++c)
                    for (int i = 0; i < v.inner; ++i)
                        a.out[0][operand_index(p.over(), v, s, o, c, i)] +=
                            a.in[0][operand_index(graph::operand_mode::same, v, s, o, c, i)];
        for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][i] /= divisor;
    }
};

}  // namespace weft::reference_backend
