#pragma once

#include <utility>

#include "../arguments.hpp"
#include "../steps.hpp"
#include "launch.hpp"

namespace weft::cuda_backend {

/// All steps of an operation as one functor, composed from the chain's type.
template <class Chain, class T, class = std::make_integer_sequence<int, Chain::size>>
struct chain_functor;
template <class Functions, graph::operand_mode Source, class... Steps, class T, int... S>
struct chain_functor<chain<Functions, Source, Steps...>, T, std::integer_sequence<int, S...>> {
    static constexpr int size = int(sizeof...(Steps));

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

    /// The steps on x, which is element number `element` of the batch.
    WEFT_DEVICE T after(T x, std::int64_t element) const {
        [[maybe_unused]] const std::int64_t inner = element % view.inner, rest = element / view.inner,
                                            channel = rest % view.channels, whole = rest / view.channels;
        ((x = one<Steps>(x, operand[S],
                         reference_backend::operand_index(Steps::mode, view, whole / view.outer,
                                                          int(whole % view.outer), int(channel), int(inner)),
                         element)),
         ...);
        return x;
    }

private:
    template <class Step>
    WEFT_DEVICE T one(T x, T* of, std::int64_t at, std::int64_t element) const {
        if constexpr (Step::kind == graph::step_kind::store) {
            of[at] = x;
            return x;
        } else {
            T y = T(0);
            if constexpr (Step::has_operand) y = of[at];
            return step_functor<Functions, Step>::run(x, y, context, element);
        }
    }
};

}  // namespace weft::cuda_backend
