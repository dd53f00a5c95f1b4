#pragma once

#include "../record.hpp"

namespace weft::graph {

/// in: x of `total` elements; out: `size` of them from `offset` on
struct slice {
    int total, offset, size;

    static constexpr const char* name = "slice";
    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr port in(int) const { return {extents(total)}; }
    constexpr port out(int) const { return {extents(size)}; }
};

/// in: parts of the given sizes; out: the parts, one after the other
struct concat {
    int sizes[max_inputs];
    int parts;

    static constexpr const char* name = "concat";
    static constexpr int inputs = max_inputs, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr int total() const {
        int sum = 0;
        for (int p = 0; p < parts; ++p) sum += sizes[p];
        return sum;
    }
    constexpr port in(int k) const { return {extents(k < parts ? sizes[k] : 0), true, k >= parts}; }
    constexpr port out(int) const { return {extents(total())}; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        const concat c = n.as<concat>();
        int offset = 0;
        for (int i = 0; i < c.parts; ++i) {
            if (d.wanted(n.in[i]))
                d.add(n.in[i], d.emit(slice{c.total(), offset, c.sizes[i]}, {d.of(n.out[0])}));
            offset += c.sizes[i];
        }
    }
};

}  // namespace weft::graph
