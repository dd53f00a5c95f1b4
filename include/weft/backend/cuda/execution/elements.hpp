#pragma once

#include <type_traits>

#include "../../../core/float16.hpp"
#include "../../arguments.hpp"
#include "../../chain.hpp"

namespace weft::cuda_backend {

/// A chain of an operation some of whose numbers are stored as `Narrow`: bit k of In, Out and Operands stands
/// for in[k], out[k] and the operand of step k. All arithmetic is the policy's scalar's.
template <class Chain, class Narrow, unsigned In, unsigned Out, unsigned Operands>
struct narrow_chain {
    using functions = typename Chain::functions;
    static constexpr graph::operand_mode source = Chain::source;
    static constexpr int size = Chain::size;
};

/// The chain of an operation without what is narrow, and how its numbers are stored.
template <class Chain>
struct elements_of {
    using plain = Chain;
    template <class T, int>
    using in = T;
    template <class T, int>
    using out = T;
    template <class T, int>
    using operand = T;
    /// The chain without its first Count steps and its operation: what `finish` runs over out[0].
    template <class Rest, int Count>
    using rest = Rest;
    static constexpr bool narrow = false;
    static constexpr unsigned narrow_inputs = 0, narrow_outputs = 0, narrow_operands = 0;
    template <class T>
    using narrow_type = T;
};
template <class Chain, class Narrow, unsigned In, unsigned Out, unsigned Operands>
struct elements_of<narrow_chain<Chain, Narrow, In, Out, Operands>> {
    using plain = Chain;
    template <class T, int K>
    using in = std::conditional_t<(In >> K & 1), Narrow, T>;
    template <class T, int K>
    using out = std::conditional_t<(Out >> K & 1), Narrow, T>;
    template <class T, int K>
    using operand = std::conditional_t<(Operands >> K & 1), Narrow, T>;
    template <class Rest, int Count>
    using rest = narrow_chain<Rest, Narrow, Out & 1, Out, (Operands >> Count)>;
    static constexpr bool narrow = true;
    static constexpr unsigned narrow_inputs = In, narrow_outputs = Out, narrow_operands = Operands;
    template <class T>
    using narrow_type = Narrow;
};

/// Bit k: is number k narrow?
constexpr unsigned narrow_of(const graph::number_types& t) { return t.mask_of(graph::number_type::narrow); }

/// The chain type of operation I of a program whose narrow values are `Narrow`.
template <class Program, int I, class Narrow>
using stored_chain_of = std::conditional_t<
    (narrow_of(Program::graph.nodes[I].in_types()) | narrow_of(Program::graph.nodes[I].out_types()) |
     narrow_of(Program::graph.nodes[I].operand_types())) != 0,
    narrow_chain<chain_of<Program, I>, Narrow, narrow_of(Program::graph.nodes[I].in_types()),
                 narrow_of(Program::graph.nodes[I].out_types()),
                 narrow_of(Program::graph.nodes[I].operand_types())>,
    chain_of<Program, I>>;

/// What in[K], out[K] and the operand of step K of an operation are stored as.
template <class Chain, int K, class T>
using input_type = typename elements_of<Chain>::template in<T, K>;
template <class Chain, int K, class T>
using output_type = typename elements_of<Chain>::template out<T, K>;
template <class Chain, int K, class T>
using operand_type = typename elements_of<Chain>::template operand<T, K>;

/// Their addresses.
template <class Chain, int K, class T>
const input_type<Chain, K, T>* input(const arguments<T>& a) {
    return reinterpret_cast<const input_type<Chain, K, T>*>(a.in[K]);
}
template <class Chain, int K, class T>
output_type<Chain, K, T>* output(const arguments<T>& a) {
    return reinterpret_cast<output_type<Chain, K, T>*>(a.out[K]);
}
template <class Chain, int K, class T>
operand_type<Chain, K, T>* operand(const arguments<T>& a) {
    return reinterpret_cast<operand_type<Chain, K, T>*>(a.operand[K]);
}

}  // namespace weft::cuda_backend
