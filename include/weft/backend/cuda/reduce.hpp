#pragma once

#include <algorithm>

#include "../reference/reduce.hpp"
#include "execution/elements.hpp"
#include "kernel.hpp"
#include "reductions/column_sums.hpp"
#include "reductions/run_sums.hpp"

namespace weft::cuda_backend {

/// Sums, divided.
template <class T, class In, class Out>
struct sum_work {
    using number = T;
    using tally = T;
    using part = several<double, 1>;
    static constexpr int inputs = 1, fields = 1;
    const In* in;
    Out* out;
    T divisor;

    template <int N>
    using held = held_packs<N, In>;
    template <int N>
    WEFT_DEVICE void load(held<N>& x, std::int64_t i) const {
        x.first.load(in + i);
    }
    WEFT_DEVICE tally start(std::int64_t) const { return T(0); }
    WEFT_DEVICE void take(tally& s, const T (&x)[1]) const { s += x[0]; }
    WEFT_DEVICE part close(tally s) const { return {{double(s)}}; }
    WEFT_DEVICE part merge(const part& a, const part& b) const { return {{a.at[0] + b.at[0]}}; }
    WEFT_DEVICE void finish(std::int64_t q, const part& p) const { out[q] = Out(T(p.at[0]) / divisor); }
};

template <class T, class In, class Out>
struct scaled_copy {
    const In* in;
    Out* out;
    T divisor;
    WEFT_DEVICE void operator()(std::int64_t i) const { out[i] = Out(T(in[i]) / divisor); }
};

/// Sums over all that a mode leaves out: runs of consecutive numbers, or columns.
struct reduction_sizes {
    bool runs = false, columns = false;
    run_sizes run = {};
    column_sizes column = {};

    constexpr reduction_sizes(const graph::reduce& p, std::int64_t batch) { choose(p, batch); }

private:
    constexpr void choose(const graph::reduce& p, std::int64_t batch) {
        const std::int64_t outer = p.view.outer, channels = p.view.channels, pixels = p.view.inner,
                           size = outer * channels * pixels;
        using enum graph::operand_mode;
        switch (p.over()) {
            case scalar:
                return take_runs({1, 1, 0, 1, 0, batch * size});
            case channel:
                if (pixels > 1)
                    return take_runs({channels, channels, 0, batch * outer, channels * pixels, pixels});
                return take_columns({1, batch * outer, channels});
            case fixed:
                return take_columns({1, batch, size});
            case inner:
                return take_columns({1, batch * outer * channels, pixels});
            case sample_scalar:
                return take_runs({batch, 1, size, 1, 0, size});
            case sample_channel:
                return take_runs({batch * channels, channels, size, outer, channels * pixels, pixels});
            case sample_inner:
                return take_columns({batch, outer * channels, pixels});
            default:
                return;
        }
    }
    constexpr void take_runs(const run_sizes& s) {
        runs = true;
        run = s;
    }
    /// One column is a run.
    constexpr void take_columns(const column_sizes& s) {
        if (s.columns == 1) return take_runs({s.groups, 1, s.rows, 1, 0, s.rows});
        columns = true;
        column = s;
    }
};

template <>
struct kernel<graph::reduce> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T* scratch) {
        const auto p = n.as<graph::reduce>();
        const T divisor = reference_backend::divisor_of<T>(p, a.batch);
        const reduction_sizes s(p, a.batch);
        using in = input_type<Chain, 0, T>;
        using out = output_type<Chain, 0, T>;
        const sum_work<T, in, out> work{input<Chain, 0>(a), output<Chain, 0>(a), divisor};
        if (s.runs)
            sum_runs(device, work, s.run, scratch);
        else if (s.columns)
            sum_columns(device, work, s.column, scratch);
        else
            for_each_index(device, std::int64_t(a.batch) * p.view.size(),
                           scaled_copy<T, in, out>{work.in, work.out, divisor});
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, int capacity) {
        const reduction_sizes s(n.as<graph::reduce>(), capacity);
        if (s.runs) return std::size_t(many_blocks);
        return s.columns ? std::size_t(column_scratch(s.column)) : 0;
    }
};

}  // namespace weft::cuda_backend
