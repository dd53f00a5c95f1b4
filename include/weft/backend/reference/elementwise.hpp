#pragma once

#include "../../core/random.hpp"
#include "functions.hpp"
#include "kernel.hpp"

namespace weft::reference_backend {

/// The index of element (sample, outer, channel, inner) in an operand read with `mode`.
constexpr std::ptrdiff_t operand_index(graph::operand_mode mode, const graph::blocking& v,
                                       std::ptrdiff_t sample, int o, int c, int i) {
    const std::ptrdiff_t within = (std::ptrdiff_t(o) * v.channels + c) * v.inner + i;
    using enum graph::operand_mode;
    switch (mode) {
        case same:
            return sample * v.size() + within;
        case channel:
            return c;
        case sample_channel:
            return sample * v.channels + c;
        case sample_inner:
            return sample * v.inner + i;
        case inner:
            return i;
        case fixed:
            return within;
        case sample_scalar:
            return sample;
        default:
            return 0;
    }
}

/// The factor of one element under dropout: 0, or 1 / (1 - rate). A pure function of seed, step, stream and
/// index.
template <class T>
constexpr T dropout_factor(std::uint64_t seed, std::uint64_t step, std::int32_t stream, float rate,
                           std::ptrdiff_t index) {
    const auto words =
        philox(seed, (std::uint64_t(std::uint32_t(stream) + 1) << 40) + step, std::uint64_t(index) / 4);
    return uniform01(words[std::size_t(index) % 4]) < rate ? T(0) : T(1) / (T(1) - T(rate));
}

/// What a scale or per_batch step divides by.
template <class T>
constexpr T step_divisor(std::int32_t bits) {
    return bits == 0 ? T(1) : T(bits);
}

/// One step on one number.
template <class Functions, class T>
constexpr T run_step(const graph::step& s, const arguments<T>& a, T* operand, std::ptrdiff_t at,
                     std::ptrdiff_t element, T x) {
    using enum graph::step_kind;
    switch (s.kind) {
        case apply:
            return reference_backend::apply<Functions>(s.fn, s.bits, x);
        case slope_from_y:
            return x * reference_backend::slope_from_y(s.fn, s.bits, operand[at]);
        case slope_from_x:
            return x * reference_backend::slope_from_x<Functions>(s.fn, s.bits, operand[at]);
        case add:
            return x + operand[at];
        case subtract:
            return x - operand[at];
        case subtract_from:
            return operand[at] - x;
        case multiply:
            return x * operand[at];
        case divide:
            return x / operand[at];
        case scale:
            return x * T(from_bits(s.bits[0])) / step_divisor<T>(s.bits[1]);
        case offset:
            return x + T(from_bits(s.bits[0]));
        case fill:
            return T(from_bits(s.bits[0]));
        case per_batch:
            return x * T(from_bits(s.bits[0])) / (step_divisor<T>(s.bits[1]) * T(a.batch));
        case dropout:
            return x * dropout_factor<T>(a.seed, a.step, s.bits[1], from_bits(s.bits[0]), element);
        case store:
            operand[at] = x;
            return x;
        default:
            return x;
    }
}

/// The steps of `n`: from in[0] for an elementwise operation, else from out[0] itself.
template <class Functions, class T>
constexpr void run_steps(const graph::node& n, const arguments<T>& a) {
    const bool own_source = n.is<graph::elementwise>();
    if (!own_source && n.step_count == 0) return;
    for (int sample = 0; sample < (n.once ? 1 : a.batch); ++sample)
        for (int o = 0; o < n.view.outer; ++o)
            for (int c = 0; c < n.view.channels; ++c)
                for (int i = 0; i < n.view.inner; ++i) {
                    const std::ptrdiff_t at =
                        operand_index(graph::operand_mode::same, n.view, sample, o, c, i);
                    T x = T(0);
                    if (!own_source)
                        x = a.out[0][at];
                    else if (a.in[0])
                        x = a.in[0][operand_index(n.source_mode, n.view, sample, o, c, i)];
                    for (int s = 0; s < n.step_count; ++s)
                        x = run_step<Functions>(n.steps[s], a, a.operand[s],
                                                operand_index(n.steps[s].mode, n.view, sample, o, c, i), at,
                                                x);
                    a.out[0][at] = x;
                }
}

/// All of it is steps.
template <>
struct kernel<graph::elementwise> {
    template <class T>
    static constexpr void run(const graph::elementwise&, const arguments<T>&) {}
};

}  // namespace weft::reference_backend
