#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "graph/builder.hpp"

namespace weft {

namespace detail {

/// Rows of independent normal numbers, made orthonormal (Saxe et al., 2013) by Gram-Schmidt.
template <class T>
void orthogonal(std::span<T> weights, int rows, random_stream& random, double (*normal)(random_stream&)) {
    const std::size_t count = std::size_t(rows), size = weights.size() / count;
    const bool wide = count <= size;
    const std::size_t n = wide ? count : size, m = wide ? size : count;
    std::vector<double> q(n * m);
    for (double& x : q) x = normal(random);
    for (std::size_t i = 0; i < n; ++i) {
        double* row = q.data() + i * m;
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t j = 0; j < i; ++j) {
                double dot = 0;
                for (std::size_t k = 0; k < m; ++k) dot += row[k] * q[j * m + k];
                for (std::size_t k = 0; k < m; ++k) row[k] -= dot * q[j * m + k];
            }
        double squares = 0;
        for (std::size_t k = 0; k < m; ++k) squares += row[k] * row[k];
        for (std::size_t k = 0; k < m; ++k) row[k] /= std::sqrt(squares);
    }
    for (std::size_t r = 0; r < count; ++r)
        for (std::size_t c = 0; c < size; ++c) weights[r * size + c] = T(wide ? q[r * m + c] : q[c * m + r]);
}

/// Box and Muller's normal number.
inline double normal(random_stream& random) {
    const double u = (double(random.next()) + 1) * 0x1p-32, v = double(random.next()) * 0x1p-32;
    return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
}

}  // namespace detail

/// The first values of parameter number `index`: a function of the seed and the index alone.
template <class T>
void initialize(std::span<T> values, const graph::parameter_record& p, seed s, std::uint64_t index) {
    random_stream random(s, index);
    const double in = p.init.fan_in, out = p.init.fan_out;
    const auto fill_uniform = [&](double bound) {
        for (T& x : values) x = T((2 * double(random.uniform()) - 1) * bound);
    };
    const auto fill_normal = [&](double deviation) {
        for (T& x : values) x = T(detail::normal(random) * deviation);
    };
    using enum init_kind;
    switch (p.init.kind) {
        case torch_default:
            return fill_uniform(1 / std::sqrt(in));
        case kaiming_uniform:
            return fill_uniform(std::sqrt(6 / in));
        case kaiming_normal:
            return fill_normal(std::sqrt(2 / in));
        case xavier_uniform:
            return fill_uniform(std::sqrt(6 / (in + out)));
        case xavier_normal:
            return fill_normal(std::sqrt(2 / (in + out)));
        case lecun_uniform:
            return fill_uniform(std::sqrt(3 / in));
        case lecun_normal:
            return fill_normal(std::sqrt(1 / in));
        case orthogonal:
            return detail::orthogonal(values, p.dims[0], random, &detail::normal);
        case ones:
            for (T& x : values) x = T(1);
            return;
        case zeros:
            for (T& x : values) x = T(p.init.constant);
            return;
    }
}

}  // namespace weft
