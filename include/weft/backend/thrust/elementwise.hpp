#pragma once

#include <type_traits>
#include <utility>

#include "../reference/steps.hpp"
#include "kernel.hpp"

namespace weft::thrust_backend {

/// All steps of an operation as one functor, composed from the chain's type.
template <class Chain, class T, class = std::make_integer_sequence<int, Chain::size>>
struct chain_functor;
template <class Functions, graph::operand_mode Source, class... Steps, class T, int... S>
struct chain_functor<chain<Functions, Source, Steps...>, T, std::integer_sequence<int, S...>> {
    static constexpr int size = int(sizeof...(Steps));
    static constexpr bool begins_with_fill = ((S == 0 && Steps::kind == graph::step_kind::fill) || ...);
    /// No operand depends on the place in a sample: all samples are one long row.
    static constexpr bool one_row =
        (Source == graph::operand_mode::same || Source == graph::operand_mode::scalar) &&
        ((Steps::mode == graph::operand_mode::same || Steps::mode == graph::operand_mode::scalar) && ...);

    const T* source;  ///< null for what begins with a fill
    T* out;
    T* operand[size + 1];
    graph::blocking view;
    step_context context;

    chain_functor(const graph::node& n, const arguments<T>& a)
        : source(n.is<graph::elementwise>() ? a.in[0] : nullptr),
          out(a.out[0]),
          operand{a.operand[S]..., nullptr},
          view(n.view),
          context{a.batch, a.seed, a.step, a.clock} {}

    /// The steps on elements [first, last) of the batch, of which out holds what they start from.
    WEFT_DEVICE void finish(std::ptrdiff_t first, std::ptrdiff_t last) const {
        if constexpr (size > 0) range<true>(first, last);
    }
    /// The whole of an elementwise operation on elements [first, last).
    WEFT_DEVICE void run(std::ptrdiff_t first, std::ptrdiff_t last) const { range<false>(first, last); }

private:
    template <bool InPlace>
    WEFT_DEVICE void range(std::ptrdiff_t first, std::ptrdiff_t last) const {
        if constexpr (one_row)
            row<InPlace, false>(0, 0, 0, 0, first, last - first);
        else if (view.inner == 1)
            rows<InPlace, true>(first, last);
        else
            rows<InPlace, false>(first, last);
    }
    template <bool InPlace, bool AlongChannels>
    WEFT_DEVICE void rows(std::ptrdiff_t first, std::ptrdiff_t last) const {
        const std::ptrdiff_t length = AlongChannels ? view.channels : view.inner;
        while (first < last) {
            const std::ptrdiff_t index = first / length, at = first % length;
            const std::ptrdiff_t whole = AlongChannels ? index : index / view.channels;
            const std::ptrdiff_t left = length - at, count = left < last - first ? left : last - first;
            row<InPlace, AlongChannels>(whole / view.outer, int(whole % view.outer),
                                        AlongChannels ? int(at) : int(index % view.channels),
                                        AlongChannels ? 0 : int(at), first, count);
            first += count;
        }
    }
    /// `count` elements from number `element` on; the other arguments say where in which sample it is.
    template <bool InPlace, bool AlongChannels>
    WEFT_DEVICE void row(std::ptrdiff_t sample, int o, int c, int i, std::ptrdiff_t element,
                         std::ptrdiff_t count) const {
        using reference_backend::operand_index;
        T* const to = out + element;
        const T* const from = InPlace || begins_with_fill
                                  ? to
                                  : source + (one_row ? (moves(Source, false) ? element : 0)
                                                      : operand_index(Source, view, sample, o, c, i));
        [[maybe_unused]] T* const at[size + 1] = {
            operand[S] == nullptr
                ? nullptr
                : operand[S] + (one_row ? (moves(Steps::mode, false) ? element : 0)
                                        : operand_index(Steps::mode, view, sample, o, c, i))...,
            nullptr};
        WEFT_INDEPENDENT
        for (std::ptrdiff_t k = 0; k < count; ++k) {
            // The result may lie where an operand does: what begins with a fill reads operands alone.
            T x = begins_with_fill ? T(0) : from[InPlace || moves(Source, AlongChannels) ? k : 0];
            ((x = one<Steps>(x, at[S], moves(Steps::mode, AlongChannels) ? k : 0, element + k)), ...);
            to[k] = x;
        }
    }
    template <class Step>
    WEFT_DEVICE T one(T x, T* operand_row, std::ptrdiff_t k, std::ptrdiff_t element) const {
        if constexpr (Step::kind == graph::step_kind::store) {
            operand_row[k] = x;
            return x;
        } else {
            T y = T(0);
            if constexpr (Step::has_operand) y = operand_row[k];
            return step_functor<Functions, Step>::run(x, y, context, element);
        }
    }
};

/// An elementwise operation: each call does one piece of the batch.
template <class Chain, class T>
struct elementwise_pieces {
    chain_functor<Chain, T> steps;
    std::ptrdiff_t total, piece;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index * piece, last = first + piece;
        steps.run(first, last < total ? last : total);
    }
};

template <>
struct kernel<graph::elementwise> {
    template <class Chain, class System, class T>
    static void run(const System& on, const graph::node& n, const arguments<T>& a, T*) {
        const std::ptrdiff_t total = std::ptrdiff_t(n.once ? 1 : a.batch) * n.view.size();
        for_each_index(on, pieces(total, System::elements), System::elements,
                       elementwise_pieces<Chain, T>{{n, a}, total, System::elements});
    }
};

/// The steps alone, over what an operation has left in out[0].
template <class Chain, class T>
struct finishing_pieces {
    chain_functor<Chain, T> steps;
    std::ptrdiff_t total, piece;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index * piece, last = first + piece;
        steps.finish(first, last < total ? last : total);
    }
};
template <class Chain, class System, class T>
void finish(const System& on, const graph::node& n, const arguments<T>& a) {
    if constexpr (Chain::size > 0) {
        const std::ptrdiff_t total = std::ptrdiff_t(a.batch) * n.view.size();
        for_each_index(on, pieces(total, System::elements), System::elements,
                       finishing_pieces<Chain, T>{{n, a}, total, System::elements});
    }
}

}  // namespace weft::thrust_backend
