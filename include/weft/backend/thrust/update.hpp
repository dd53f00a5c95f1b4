#pragma once

#include "system.hpp"

namespace weft::thrust_backend {

/// An optimiser's rule on n parameters, a piece in each call; slot k of parameter i is state[k * n + i].
template <int Slots, class Rule, class T>
struct update_pieces {
    Rule rule;
    std::ptrdiff_t piece, n;
    T* parameters;
    const T* gradients;
    T* state;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index * piece, last = first + piece < n ? first + piece : n;
        WEFT_INDEPENDENT
        for (std::ptrdiff_t i = first; i < last; ++i) {
            T slots[Slots ? Slots : 1] = {};
            for (int k = 0; k < Slots; ++k) slots[k] = state[k * n + i];
            rule(parameters[i], gradients[i], slots);
            for (int k = 0; k < Slots; ++k) state[k * n + i] = slots[k];
        }
    }
};

}  // namespace weft::thrust_backend
