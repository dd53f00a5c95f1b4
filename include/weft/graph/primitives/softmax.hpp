#pragma once

#include "../record.hpp"

namespace weft::graph {

/// Of vectors of `count` numbers, each `inner` apart.
struct vectors {
    int outer, count, inner;

    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr int size() const { return outer * count * inner; }
    constexpr port in(int) const { return {extents(outer, count, inner)}; }
    constexpr port out(int) const { return {extents(outer, count, inner)}; }
};
struct vectors_backward : vectors {
    static constexpr int inputs = 2;
    constexpr std::int64_t flops(const node&) const { return 4 * std::int64_t(size()); }
};
struct vectors_forward : vectors {
    constexpr std::int64_t flops(const node&) const { return 5 * std::int64_t(size()); }
};

/// in: dy, y; out: dx
struct softmax_grad : vectors_backward {
    static constexpr const char* name = "softmax_grad";
};

/// in: x; out: y
struct softmax : vectors_forward {
    static constexpr const char* name = "softmax";
    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0], d.emit(softmax_grad{{n.as<vectors>()}}, {d.of(n.out[0]), n.out[0]}));
    }
};

/// in: dy, y; out: dx
struct log_softmax_grad : vectors_backward {
    static constexpr const char* name = "log_softmax_grad";
};

/// in: x; out: y
struct log_softmax : vectors_forward {
    static constexpr const char* name = "log_softmax";
    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0], d.emit(log_softmax_grad{{n.as<vectors>()}}, {d.of(n.out[0]), n.out[0]}));
    }
};

}  // namespace weft::graph
