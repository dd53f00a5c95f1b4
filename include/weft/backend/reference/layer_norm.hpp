#pragma once

#include "../../core/math.hpp"
#include "kernel.hpp"

namespace weft::reference_backend {

/// Per row: (x - mean) / sqrt(variance + epsilon), and 1 / sqrt(variance + epsilon).
template <>
struct kernel<graph::layer_norm> {
    template <class T>
    static constexpr void run(const graph::layer_norm& p, const arguments<T>& a) {
        const std::ptrdiff_t rows = p.rows, size = p.size;
        const T epsilon = T(p.epsilon);
        for (std::ptrdiff_t r = 0; r < a.batch * rows; ++r) {
            const T* x = a.in[0] + r * size;
            T sum = 0, squares = 0;
            for (std::ptrdiff_t i = 0; i < size; ++i) sum += x[i];
            const T mean = sum / T(size);
            for (std::ptrdiff_t i = 0; i < size; ++i) squares += (x[i] - mean) * (x[i] - mean);
            const T scale = T(1) / math::sqrt(squares / T(size) + epsilon);
            for (std::ptrdiff_t i = 0; i < size; ++i) a.out[0][r * size + i] = (x[i] - mean) * scale;
            if (a.out[1]) a.out[1][r] = scale;
        }
    }
};

template <>
struct kernel<graph::layer_norm_grad> {
    template <class T>
    static constexpr void run(const graph::layer_norm_grad& p, const arguments<T>& a) {
        const std::ptrdiff_t rows = p.rows, size = p.size;
        for (std::ptrdiff_t r = 0; r < a.batch * rows; ++r) {
            const T *dy = a.in[0] + r * size, *normalized = a.in[1] + r * size;
            T sum = 0, product = 0;
            for (std::ptrdiff_t i = 0; i < size; ++i) sum += dy[i], product += dy[i] * normalized[i];
            for (std::ptrdiff_t i = 0; i < size; ++i)
                a.out[0][r * size + i] =
                    a.in[2][r] * (dy[i] - sum / T(size) - normalized[i] * product / T(size));
        }
    }
};

}  // namespace weft::reference_backend
