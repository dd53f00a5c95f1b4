#pragma once

#include "system.hpp"

namespace weft::thrust_backend {

/// n parameters with what belongs to them, cut into pieces; slot k of parameter i is state[k * stride + i].
template <class T>
struct parameter_pieces {
    std::ptrdiff_t piece, n;
    T* parameters;
    const T* gradients;
    T* state;
    std::ptrdiff_t stride;

    std::ptrdiff_t count() const { return pieces(n, piece); }
    WEFT_DEVICE std::ptrdiff_t first(std::ptrdiff_t index) const { return index * piece; }
    WEFT_DEVICE std::ptrdiff_t last(std::ptrdiff_t index) const {
        return (index + 1) * piece < n ? (index + 1) * piece : n;
    }
    /// An optimiser's rule on parameter i.
    template <int Slots, class Rule>
    WEFT_DEVICE void apply(const Rule& rule, std::ptrdiff_t i, T gradient) const {
        T slots[Slots ? Slots : 1] = {};
        for (int k = 0; k < Slots; ++k) slots[k] = state[k * stride + i];
        rule(parameters[i], gradient, slots);
        for (int k = 0; k < Slots; ++k) state[k * stride + i] = slots[k];
    }
};

/// A piece in each call.
template <int Slots, class Rule, class T>
struct update_pieces {
    Rule rule;
    parameter_pieces<T> all;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = all.first(index), last = all.last(index);
        WEFT_INDEPENDENT
        for (std::ptrdiff_t i = first; i < last; ++i) all.template apply<Slots>(rule, i, all.gradients[i]);
    }
};

}  // namespace weft::thrust_backend
