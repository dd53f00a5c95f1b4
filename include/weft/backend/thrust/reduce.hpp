#pragma once

#include "../reference/reduce.hpp"
#include "elementwise.hpp"

namespace weft::thrust_backend {

/// The sum of f(0), …, f(count - 1) in double: eight sums side by side, added in a fixed order.
template <class F>
WEFT_DEVICE constexpr double sum_of(std::ptrdiff_t count, const F& f) {
    double part[8] = {};
    std::ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int k = 0; k < 8; ++k) part[k] += double(f(i + k));
    for (int k = 0; i < count; ++i, ++k) part[k] += double(f(i));
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}
template <class T>
struct element_of {
    const T* x;
    WEFT_DEVICE constexpr T operator()(std::ptrdiff_t i) const { return x[i]; }
};

/// out[q] = the sums, divided, of `times` runs, `stride` apart: result q's are at
/// x + (q / channels) * sample + (q % channels) * length.
template <class T>
struct run_sums {
    const T* x;
    T* out;
    std::ptrdiff_t channels, sample, times, stride, length;
    T divisor;

    WEFT_DEVICE void operator()(std::ptrdiff_t q) const {
        const T* from = x + q / channels * sample + q % channels * length;
        double all = 0;
        for (std::ptrdiff_t t = 0; t < times; ++t) all += sum_of(length, element_of<T>{from + t * stride});
        out[q] = T(all / double(divisor));
    }
};

/// out[g][columns] = the sums of x[g][rows, columns] over the rows, divided; one call does a few columns.
template <class T, int Width>
struct column_sums {
    const T* x;
    T* out;
    std::ptrdiff_t rows, columns;
    T divisor;

    WEFT_DEVICE void operator()(std::ptrdiff_t task) const {
        const std::ptrdiff_t panels = pieces(columns, Width), group = task / panels;
        const std::ptrdiff_t first = task % panels * Width;
        const T* from = x + group * rows * columns + first;
        const int present = int(columns - first < Width ? columns - first : Width);
        double all[Width] = {};
        if (present == Width)
            for (std::ptrdiff_t r = 0; r < rows; ++r)
                for (int j = 0; j < Width; ++j) all[j] += double(from[r * columns + j]);
        else
            for (std::ptrdiff_t r = 0; r < rows; ++r)
                for (int j = 0; j < present; ++j) all[j] += double(from[r * columns + j]);
        for (int j = 0; j < present; ++j) out[group * columns + first + j] = T(all[j] / double(divisor));
    }
};
template <class System, class T>
void sum_columns(const System& on, const T* x, T* out, std::ptrdiff_t groups, std::ptrdiff_t rows,
                 std::ptrdiff_t columns, T divisor) {
    constexpr int width = System::on_device ? 1 : 16;
    for_each_index(on, groups * pieces(columns, width), rows * width,
                   column_sums<T, width>{x, out, rows, columns, divisor});
}

/// Numbers in one part of a sum over everything.
inline constexpr std::ptrdiff_t sum_part = 16384;

/// The sum of each part.
template <class T>
struct part_sums {
    const T* x;
    T* parts;
    std::ptrdiff_t total;

    WEFT_DEVICE void operator()(std::ptrdiff_t i) const {
        const std::ptrdiff_t first = i * sum_part, left = total - first;
        parts[i] = T(sum_of(left < sum_part ? left : sum_part, element_of<T>{x + first}));
    }
};
/// The sum of the parts.
template <class T>
struct last_sum {
    const T* parts;
    T* out;
    std::ptrdiff_t count;
    T divisor;

    WEFT_DEVICE void operator()(std::ptrdiff_t) const {
        out[0] = T(sum_of(count, element_of<T>{parts}) / double(divisor));
    }
};

template <>
struct kernel<graph::reduce> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<graph::reduce>();
        const std::ptrdiff_t outer = p.view.outer, channels = p.view.channels, pixels = p.view.inner,
                             size = outer * channels * pixels, batch = a.batch;
        const T divisor = reference_backend::divisor_of<T>(p, a.batch);
        const T* x = a.in[0];
        T* out = a.out[0];
        using enum graph::operand_mode;
        switch (p.over()) {
            case scalar: {
                const std::ptrdiff_t parts = pieces(batch * size, sum_part);
                for_each_index(on, parts, sum_part, part_sums<T>{x, scratch, batch * size});
                return for_each_index(on, 1, parts, last_sum<T>{scratch, out, parts, divisor});
            }
            case channel:
                if (pixels > 1)
                    return for_each_index(
                        on, channels, batch * outer * pixels,
                        run_sums<T>{x, out, channels, 0, batch * outer, channels * pixels, pixels, divisor});
                return sum_columns(on, x, out, 1, batch * outer, channels, divisor);
            case fixed:
                return sum_columns(on, x, out, 1, batch, size, divisor);
            case inner:
                return sum_columns(on, x, out, 1, batch * outer * channels, pixels, divisor);
            case sample_scalar:
                return for_each_index(on, batch, size, run_sums<T>{x, out, 1, size, 1, 0, size, divisor});
            case sample_channel:
                return for_each_index(
                    on, batch * channels, outer * pixels,
                    run_sums<T>{x, out, channels, size, outer, channels * pixels, pixels, divisor});
            case sample_inner:
                return sum_columns(on, x, out, batch, outer * channels, pixels, divisor);
            default:
                return sum_columns(on, x, out, 1, 1, batch * size, divisor);
        }
    }
    /// For the sums of parts.
    template <class System>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch) {
        return std::size_t(pieces(batch * n.as<graph::reduce>().view.size(), sum_part));
    }
};

}  // namespace weft::thrust_backend
