#pragma once

#include "kernel.hpp"

namespace weft::reference_backend {

template <>
struct kernel<graph::concat> {
    template <class T>
    static constexpr void run(const graph::concat& p, const arguments<T>& a) {
        std::ptrdiff_t offset = 0;
        for (int k = 0; k < p.parts; offset += p.sizes[k++])
            for (std::ptrdiff_t s = 0; s < a.batch; ++s)
                for (std::ptrdiff_t i = 0; i < p.sizes[k]; ++i)
                    a.out[0][s * p.total() + offset + i] = a.in[k][s * p.sizes[k] + i];
    }
};

template <>
struct kernel<graph::slice> {
    template <class T>
    static constexpr void run(const graph::slice& p, const arguments<T>& a) {
        for (std::ptrdiff_t s = 0; s < a.batch; ++s)
            for (std::ptrdiff_t i = 0; i < p.size; ++i)
                a.out[0][s * p.size + i] = a.in[0][s * p.total + p.offset + i];
    }
};

}  // namespace weft::reference_backend
