#pragma once

#include <cmath>

#include "kernel.hpp"
#include "vectors.hpp"

namespace weft::cpu_backend {

/// Per row of samples [first, last): (x - mean) / sqrt(variance + epsilon), and 1 / sqrt(variance + epsilon).
template <>
struct kernel<graph::layer_norm> : sample_kernel<graph::layer_norm> {
    template <class T>
    static void samples(const graph::layer_norm& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        using P = packet_of<T>;
        const std::ptrdiff_t rows = p.rows, size = p.size;
        const double epsilon = double(p.epsilon);
        for (std::ptrdiff_t r = first * rows; r < last * rows; ++r) {
            const T* x = a.in[0] + r * size;
            T* y = a.out[0] + r * size;
            const T mean = T(sum(x, size) / double(size));
            const double squares = sum_of<T>(size, square_term<T>{x, mean});
            const T scale = T(1 / std::sqrt(squares / double(size) + epsilon));
            const P center = ei::pset1<P>(mean), factor = ei::pset1<P>(scale);
            for (std::ptrdiff_t i = 0; i < size; i += lanes<T>)
                store(y + i, ei::pmul(ei::psub(load(x + i, size - i), center), factor), size - i);
            if (a.out[1]) a.out[1][r] = scale;
        }
    }
};

/// dx = (dy - mean(dy) - normalised mean(dy normalised)) / deviation
template <>
struct kernel<graph::layer_norm_grad> : sample_kernel<graph::layer_norm_grad> {
    template <class T>
    static void samples(const graph::layer_norm_grad& p, const arguments<T>& a, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
        using P = packet_of<T>;
        const std::ptrdiff_t rows = p.rows, size = p.size;
        for (std::ptrdiff_t r = first * rows; r < last * rows; ++r) {
            const T *dy = a.in[0] + r * size, *normalized = a.in[1] + r * size;
            T* dx = a.out[0] + r * size;
            const P mean = ei::pset1<P>(T(sum(dy, size) / double(size)));
            const P along = ei::pset1<P>(T(sum_of<T>(size, product_term<T>{dy, normalized}) / double(size)));
            const P factor = ei::pset1<P>(a.in[2][r]);
            for (std::ptrdiff_t i = 0; i < size; i += lanes<T>) {
                const P rest = ei::psub(ei::psub(load(dy + i, size - i), mean),
                                        ei::pmul(load(normalized + i, size - i), along));
                store(dx + i, ei::pmul(rest, factor), size - i);
            }
        }
    }
};

}  // namespace weft::cpu_backend
