#pragma once

#include "../reference/reduce.hpp"
#include "kernel.hpp"
#include "vectors.hpp"

namespace weft::cpu_backend {

/// out[j] = the sum of x[r * stride + j] over rows r, divided, for columns j in [begin, end). Rows are summed
/// in blocks, so that rounding errors grow with the number of blocks and not of rows.
template <class T>
void column_sums(const T* x, std::ptrdiff_t rows, std::ptrdiff_t stride, std::ptrdiff_t begin,
                 std::ptrdiff_t end, T divisor, T* out) {
    using P = packet_of<T>;
    constexpr std::ptrdiff_t block = 64;
    for (std::ptrdiff_t j = begin; j < end; j += lanes<T>) {
        P total = set<P>(0);
        for (std::ptrdiff_t first = 0; first < rows; first += block) {
            const std::ptrdiff_t last = first + block < rows ? first + block : rows;
            P part = set<P>(0);
            for (std::ptrdiff_t r = first; r < last; ++r)
                part = ei::padd(part, load(x + r * stride + j, end - j));
            total = ei::padd(total, part);
        }
        store(out + j, ei::pdiv(total, ei::pset1<P>(divisor)), end - j);
    }
}

/// Columns per task: enough to be worth a thread, and whole packets.
inline constexpr std::ptrdiff_t columns_per_task = 64;
/// Elements per part of a sum over everything.
inline constexpr std::ptrdiff_t elements_per_sum = 16384;

/// The sum of a [batch, outer, channels, inner] array over all that a mode leaves out.
template <class T>
struct reduction {
    const T* x;
    T *out, *parts;
    std::ptrdiff_t batch, outer, channels, inner;
    using over = graph::operand_mode;
    over mode;
    T divisor;

    reduction(const graph::reduce& p, const arguments<T>& a, T* scratch)
        : x(a.in[0]),
          out(a.out[0]),
          parts(scratch),
          batch(a.batch),
          outer(p.view.outer),
          channels(p.view.channels),
          inner(p.view.inner),
          mode(p.over()),
          divisor(reference_backend::divisor_of<T>(p, a.batch)) {}

    std::ptrdiff_t total() const { return batch * outer * channels * inner; }
    std::ptrdiff_t columns() const {
        return mode == over::fixed ? outer * channels * inner : mode == over::inner ? inner : channels;
    }
    /// Sums over the batch take columns apart, or channels; the others take samples apart.
    int tasks() const {
        switch (mode) {
            case over::scalar:
                return int((total() + elements_per_sum - 1) / elements_per_sum);
            case over::channel:
                if (inner > 1) return int(channels);
                [[fallthrough]];
            case over::fixed:
            case over::inner:
                return int((columns() + columns_per_task - 1) / columns_per_task);
            default:
                return int(batch);
        }
    }
    void run(const thread_team& team) {
        team.run(tasks(), &reduction::part, this);
        if (mode != over::scalar) return;
        double all = 0;
        for (int i = 0; i < tasks(); ++i) all += double(parts[i]);
        out[0] = T(all / double(divisor));
    }
    static void part(void* self, int task) { static_cast<const reduction*>(self)->part(task); }

    void part(std::ptrdiff_t task) const {
        const std::ptrdiff_t size = outer * channels * inner;
        switch (mode) {
            case over::scalar: {
                const std::ptrdiff_t first = task * elements_per_sum, left = total() - first;
                parts[task] = T(sum(x + first, left < elements_per_sum ? left : elements_per_sum));
                break;
            }
            case over::channel:
                if (inner > 1) {
                    out[task] = channel_sum(x + task * inner, batch * outer);
                    break;
                }
                [[fallthrough]];
            case over::fixed:
            case over::inner: {
                const std::ptrdiff_t begin = task * columns_per_task, end = begin + columns_per_task;
                column_sums(x, total() / columns(), columns(), begin, end < columns() ? end : columns(),
                            divisor, out);
                break;
            }
            case over::sample_scalar:
                out[task] = T(sum(x + task * size, size) / double(divisor));
                break;
            case over::sample_channel:
                for (std::ptrdiff_t c = 0; c < channels; ++c)
                    out[task * channels + c] = channel_sum(x + task * size + c * inner, outer);
                break;
            case over::sample_inner:
                column_sums(x + task * size, outer * channels, inner, 0, inner, divisor, out + task * inner);
                break;
            default:
                column_sums(x + task * size, 1, size, 0, size, divisor, out + task * size);
        }
    }
    T channel_sum(const T* from, std::ptrdiff_t times) const {
        double all = 0;
        for (std::ptrdiff_t k = 0; k < times; ++k) all += sum(from + k * channels * inner, inner);
        return T(all / double(divisor));
    }
};

template <>
struct kernel<graph::reduce> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        reduction<T>(n.as<graph::reduce>(), a, c.scratch).run(*c.team);
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int) {
        const std::ptrdiff_t total = batch * n.as<graph::reduce>().view.size();
        return std::size_t((total + elements_per_sum - 1) / elements_per_sum);
    }
};

/// The gradient of a bias: the column sums of dy[rows, columns].
template <class T>
struct bias_gradient {
    const T* dy;
    T* out;
    std::ptrdiff_t rows, columns;

    void run(const thread_team& team) {
        team.run(int((columns + columns_per_task - 1) / columns_per_task), &bias_gradient::part, this);
    }
    static void part(void* self, int task) {
        const bias_gradient& b = *static_cast<const bias_gradient*>(self);
        const std::ptrdiff_t begin = task * columns_per_task, end = begin + columns_per_task;
        column_sums(b.dy, b.rows, b.columns, begin, end < b.columns ? end : b.columns, T(1), b.out);
    }
};

}  // namespace weft::cpu_backend
