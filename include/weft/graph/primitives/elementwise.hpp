#pragma once

#include "../record.hpp"

namespace weft::graph {

/// in: a source, or none; out: as many numbers. The steps do the work.
struct elementwise {
    static constexpr const char* name = "elementwise";
    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;

    /// Does the derivative of `f` with this parameter follow from f's result? Otherwise it needs f's
    /// argument: with a negative slope, say, the result does not tell on which side of 0 that was.
    static constexpr bool slope_from_result(function f, float parameter) {
        using enum function;
        if (f == leaky_relu || f == elu) return parameter >= 0;
        return f == relu || f == selu || f == sigmoid || f == tanh || f == exp || f == sqrt;
    }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        const step& s = n.steps[0];
        const int x = n.in[0], y = n.out[0], dy = d.of(y);
        using enum step_kind;
        switch (s.kind) {
            case apply: {
                step slope = s;
                const bool from_y = slope_from_result(s.fn, from_bits(s.bits[0]));
                slope.kind = from_y ? slope_from_y : slope_from_x;
                slope.operand = std::int16_t(from_y ? y : x);
                d.add(x, d.with_step(dy, slope, n.view));
                break;
            }
            case step_kind::add:
                d.add(x, dy);
                d.add_operand(s, n.view, dy, 1);
                break;
            case subtract:
                d.add(x, dy);
                d.add_operand(s, n.view, dy, -1);
                break;
            case multiply:
                if (d.wanted(x)) d.add(x, d.with_step(dy, s, n.view));
                if (d.wanted(s.operand))
                    d.add_operand(s, n.view,
                                  d.with_step(dy, {.kind = multiply, .operand = std::int16_t(x)}, n.view), 1);
                break;
            case divide:
                if (d.wanted(x)) d.add(x, d.with_step(dy, s, n.view));
                if (d.wanted(s.operand)) {
                    const int product =
                        d.with_step(dy, {.kind = multiply, .operand = std::int16_t(y)}, n.view);
                    d.add_operand(s, n.view, d.with_step(product, s, n.view), -1);
                }
                break;
            case offset:
                d.add(x, dy);
                break;
            case scale:
            case per_batch:
            case dropout:
                d.add(x, d.with_step(dy, s, n.view));
                break;
            default:
                weft::detail::stop_compilation("weft: an elementwise step without a gradient rule");
        }
    }
};

}  // namespace weft::graph
