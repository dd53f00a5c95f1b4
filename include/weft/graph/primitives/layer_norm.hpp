#pragma once

#include "../record.hpp"

namespace weft::graph {

/// Of `rows` rows of `size` numbers, each normalised.
struct normalized_rows {
    int rows, size;
    float epsilon;

    constexpr port all() const { return {extents(rows, size)}; }
    /// 1 / deviation: never in 16 bits.
    constexpr port scales() const { return {extents(rows), true, false, true}; }
};

/// in: dy, normalised, 1 / deviation; out: dx
struct layer_norm_grad : normalized_rows {
    static constexpr const char* name = "layer_norm_grad";
    static constexpr int inputs = 3, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr port in(int k) const { return k == 2 ? scales() : all(); }
    constexpr port out(int) const { return all(); }
    constexpr std::int64_t flops(const node&) const { return 8 * std::int64_t(rows) * size; }
};

/// in: x; out: x normalised per row, 1 / deviation per row
struct layer_norm : normalized_rows {
    static constexpr const char* name = "layer_norm";
    static constexpr int inputs = 1, outputs = 2;
    constexpr port in(int) const { return all(); }
    constexpr port out(int k) const { return k == 0 ? all() : scales(); }
    constexpr std::int64_t flops(const node&) const { return 6 * std::int64_t(rows) * size; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0],
              d.emit(layer_norm_grad{n.as<normalized_rows>()}, {d.of(n.out[0]), n.out[0], n.out[1]}));
    }
};

}  // namespace weft::graph
