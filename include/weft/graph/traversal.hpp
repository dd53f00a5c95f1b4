#pragma once

#include "record.hpp"

namespace weft::graph {

/// The values that an operation reads, its steps' operands included, in a fixed array.
struct value_list {
    int count = 0;
    std::int16_t id[max_inputs + max_steps] = {};
    constexpr void add(int v) {
        if (v >= 0) id[count++] = std::int16_t(v);
    }
    constexpr bool contains(int v) const {
        for (int i = 0; i < count; ++i)
            if (id[i] == v) return true;
        return false;
    }
};

constexpr value_list reads(const node& n) {
    value_list list;
    for (int i = 0; i < max_inputs; ++i) list.add(n.in[i]);
    for (int i = 0; i < n.step_count; ++i)
        if (n.steps[i].kind != step_kind::store) list.add(n.steps[i].operand);
    return list;
}

constexpr value_list writes(const node& n) {
    value_list list;
    for (int i = 0; i < max_outputs; ++i) list.add(n.out[i]);
    for (int i = 0; i < n.step_count; ++i)
        if (n.steps[i].kind == step_kind::store) list.add(n.steps[i].operand);
    return list;
}

}  // namespace weft::graph
