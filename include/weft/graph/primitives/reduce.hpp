#pragma once

#include "elementwise.hpp"

namespace weft::graph {

/// in: x[outer, channels, inner]; out: the sums over all that the mode leaves out, divided by `divisor` and
/// where `per_batch` by the batch's size. With `once`, x is one for the whole batch.
struct reduce {
    blocking view;
    int mode;     ///< an operand_mode
    int divisor;  ///< 1 for sums, -1 for minus them, the number of terms for means
    int per_batch = 0;
    int once = 0;

    static constexpr const char* name = "reduce";
    static constexpr int inputs = 1, outputs = 1;
    constexpr operand_mode over() const { return operand_mode(mode); }
    constexpr port in(int) const { return {extents(view.outer, view.channels, view.inner), !once}; }
    constexpr port out(int) const {
        return {extents(operand_size(over(), view)), is_per_sample(over()) && !once};
    }
    constexpr std::int64_t flops(const node&) const { return view.size(); }
    constexpr operation_text text(const node&) const {
        return {.from = extents(view.size()), .to = out(0).dims};
    }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        const reduce r = n.as<reduce>();
        // The division goes to the small side; what is left is a broadcast, which other operations absorb.
        int seed = d.of(n.out[0]);
        if (r.divisor != 1 || r.per_batch)
            seed = d.with_step(seed,
                               {.kind = r.per_batch ? step_kind::per_batch : step_kind::scale,
                                .bits = {to_bits(1), r.divisor}},
                               {});
        d.add(n.in[0], d.repeated(seed, r.over(), r.view, n.in[0]));
    }
};

}  // namespace weft::graph
