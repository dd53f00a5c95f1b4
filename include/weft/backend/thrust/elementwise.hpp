#pragma once

#include <type_traits>
#include <utility>

#include "../arguments.hpp"
#include "../chain.hpp"
#include "../reference/elementwise.hpp"
#include "system.hpp"

namespace weft::thrust_backend {

/// What steps need to know beside their numbers.
struct step_context {
    int batch;
    std::uint64_t seed, step;
};

/// The K-th of a network's own functions.
template <int K, class First, class... Rest>
struct function_at : function_at<K - 1, Rest...> {};
template <class First, class... Rest>
struct function_at<0, First, Rest...> {
    using type = First;
};

/// One step on one number: x is what came so far, y the operand's number.
template <class Functions, class Step>
struct step_functor;
template <class... Own, graph::step_kind Kind, graph::function Fn, graph::operand_mode Mode,
          std::int32_t Bits0, std::int32_t Bits1>
struct step_functor<graph::function_list<Own...>, step_type<Kind, Fn, Mode, Bits0, Bits1>> {
    template <class T>
    WEFT_DEVICE static constexpr T value(T x) {
        if constexpr (Fn == graph::function::custom) {
            return function_at<Bits1, Own...>::type::template value<T>(x);
        } else {
            const std::int32_t bits[2] = {Bits0, Bits1};
            return reference_backend::apply<graph::function_list<>>(Fn, bits, x);
        }
    }
    template <class T>
    WEFT_DEVICE static constexpr T slope(T x) {
        if constexpr (Fn == graph::function::custom) {
            return function_at<Bits1, Own...>::type::template slope<T>(x);
        } else {
            const std::int32_t bits[2] = {Bits0, Bits1};
            if constexpr (Kind == graph::step_kind::slope_from_y)
                return reference_backend::slope_from_y(Fn, bits, x);
            else
                return reference_backend::slope_from_x<graph::function_list<>>(Fn, bits, x);
        }
    }
    template <class T>
    WEFT_DEVICE static constexpr T run(T x, T y, const step_context& c, std::ptrdiff_t element) {
        using enum graph::step_kind;
        constexpr float number = from_bits(Bits0);
        if constexpr (Kind == apply) return value(x);
        if constexpr (Kind == slope_from_y || Kind == slope_from_x) return x * slope(y);
        if constexpr (Kind == add) return x + y;
        if constexpr (Kind == subtract) return x - y;
        if constexpr (Kind == subtract_from) return y - x;
        if constexpr (Kind == multiply) return x * y;
        if constexpr (Kind == divide) return x / y;
        if constexpr (Kind == scale) return x * T(number);
        if constexpr (Kind == offset) return x + T(number);
        if constexpr (Kind == fill) return T(number);
        if constexpr (Kind == per_batch) return x * T(number) / T(c.batch);
        if constexpr (Kind == dropout)
            return x * reference_backend::dropout_factor<T>(c.seed, c.step, Bits1, number, element);
        return x;
    }
};

/// Along a row of consecutive elements (inner ones, or channels where inner is 1), does an operand move?
constexpr bool moves(graph::operand_mode m, bool along_channels) {
    using enum graph::operand_mode;
    if (m == same || m == fixed) return true;
    if (along_channels) return m == channel || m == sample_channel;
    return m == sample_inner || m == inner;
}

/// All steps of an operation as one functor, composed from the chain's type.
template <class Chain, class T, class = std::make_integer_sequence<int, Chain::size>>
struct chain_functor;
template <class Functions, graph::operand_mode Source, class... Steps, class T, int... S>
struct chain_functor<chain<Functions, Source, Steps...>, T, std::integer_sequence<int, S...>> {
    static constexpr int size = int(sizeof...(Steps));
    /// No operand depends on the place in a sample: all samples are one long row.
    static constexpr bool one_row =
        (Source == graph::operand_mode::same || Source == graph::operand_mode::scalar) &&
        ((Steps::mode == graph::operand_mode::same || Steps::mode == graph::operand_mode::scalar) && ...);

    const T* source;  ///< null: the result itself
    T* out;
    T* operand[size + 1];
    graph::blocking view;
    step_context context;

    chain_functor(const graph::node& n, const arguments<T>& a)
        : source(n.op == graph::opcode::elementwise ? a.in[0] : nullptr),
          out(a.out[0]),
          operand{a.operand[S]..., nullptr},
          view(n.view),
          context{a.batch, a.seed, a.step} {}

    /// The steps on elements [first, last) of the batch, of which out holds what they start from.
    WEFT_DEVICE void finish(std::ptrdiff_t first, std::ptrdiff_t last) const {
        if constexpr (size > 0) range<true>(first, last);
    }
    /// The whole of an elementwise operation on elements [first, last).
    WEFT_DEVICE void run(std::ptrdiff_t first, std::ptrdiff_t last) const {
        if (source != nullptr) return range<false>(first, last);
        for (std::ptrdiff_t e = first; e < last; ++e) out[e] = T(0);
        range<true>(first, last);
    }

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
        const T* const from = InPlace ? to
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
            T x = from[InPlace || moves(Source, AlongChannels) ? k : 0];
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

template <class System, class Chain, class T>
void elementwise(const graph::node& n, const arguments<T>& a) {
    const bool shared = n.attribute[0] != 0;  // by the whole batch
    const std::ptrdiff_t total = std::ptrdiff_t(shared ? 1 : a.batch) * n.view.size();
    for_each_index<System>(pieces(total, System::elements), System::elements,
                           elementwise_pieces<Chain, T>{{n, a}, total, System::elements});
}

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
template <class System, class Chain, class T>
void finish(const graph::node& n, const arguments<T>& a) {
    if constexpr (Chain::size > 0) {
        const std::ptrdiff_t total = std::ptrdiff_t(a.batch) * n.view.size();
        for_each_index<System>(pieces(total, System::elements), System::elements,
                               finishing_pieces<Chain, T>{{n, a}, total, System::elements});
    }
}

}  // namespace weft::thrust_backend
