#pragma once

#include <cstring>

#include "kernel.hpp"

namespace weft::cpu_backend {

template <>
struct kernel<graph::concat> : sample_kernel<graph::concat> {
    template <class T>
    static void samples(const graph::concat& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        for (std::ptrdiff_t s = first; s < last; ++s) {
            T* to = a.out[0] + s * p.total();
            for (int k = 0; k < p.parts; to += p.sizes[k++])
                std::memcpy(to, a.in[k] + s * p.sizes[k], std::size_t(p.sizes[k]) * sizeof(T));
        }
    }
};

template <>
struct kernel<graph::slice> : sample_kernel<graph::slice> {
    template <class T>
    static void samples(const graph::slice& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        for (std::ptrdiff_t s = first; s < last; ++s)
            std::memcpy(a.out[0] + s * p.size, a.in[0] + s * p.total + p.offset,
                        std::size_t(p.size) * sizeof(T));
    }
};

}  // namespace weft::cpu_backend
