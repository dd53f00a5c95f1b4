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

    /// Defined behind concat: zeros around what comes back.
    template <class D>
    static constexpr void gradient(D& d, const node& n);
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

template <class D>
constexpr void slice::gradient(D& d, const node& n) {
    const slice s = n.as<slice>();
    const int sizes[] = {s.offset, s.size, s.total - s.offset - s.size};
    concat joined{};
    int parts[3] = {-1, -1, -1};
    for (int k = 0; k < 3; ++k) {
        if (sizes[k] == 0) continue;
        parts[joined.parts] = k == 1 ? d.of(n.out[0]) : d.zeros(sizes[k]);
        joined.sizes[joined.parts++] = sizes[k];
    }
    d.add(n.in[0], joined.parts == 1 ? parts[0] : d.emit(joined, {parts[0], parts[1], parts[2]}));
}

}  // namespace weft::graph
