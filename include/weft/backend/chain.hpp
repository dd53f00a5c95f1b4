#pragma once

#include "../graph/lower.hpp"
#include "../graph/record.hpp"

namespace weft {

/// One step as a type that holds integers and enums only, so that it may also name a device kernel.
template <graph::step_kind Kind, graph::function Fn, graph::operand_mode Mode, std::int32_t Bits0,
          std::int32_t Bits1>
struct step_type {
    static constexpr graph::step_kind kind = Kind;
    static constexpr graph::function fn = Fn;
    static constexpr graph::operand_mode mode = Mode;
    static constexpr std::int32_t bits[2] = {Bits0, Bits1};
    static constexpr bool has_operand =
        Kind == graph::step_kind::add || Kind == graph::step_kind::subtract ||
        Kind == graph::step_kind::subtract_from || Kind == graph::step_kind::multiply ||
        Kind == graph::step_kind::divide || Kind == graph::step_kind::slope_from_x ||
        Kind == graph::step_kind::slope_from_y || Kind == graph::step_kind::store;
};

/// What follows an operation, element by element: how the source is read, and the steps. Sizes are not part
/// of it, so that all dense layers with the same activation share one kernel.
template <class Functions, graph::operand_mode Source, class... Steps>
struct chain {
    using functions = Functions;
    static constexpr graph::operand_mode source = Source;
    static constexpr int size = sizeof...(Steps);
};

namespace graph {

/// Do two operations run the same code?
constexpr bool same_kernel(const node& a, const node& b) {
    if (a.op != b.op || a.step_count != b.step_count || a.source_mode != b.source_mode || a.types != b.types)
        return false;
    for (int s = 0; s < a.step_count; ++s) {
        const step &x = a.steps[s], &y = b.steps[s];
        if (x.kind != y.kind || x.fn != y.fn || x.mode != y.mode || x.bits[0] != y.bits[0] ||
            x.bits[1] != y.bits[1])
            return false;
    }
    return true;
}

/// The distinct kernels of a program: the first operation that runs each, and each operation's kernel.
template <int N>
struct kernel_list {
    int count = 0;
    array<std::int16_t, N> first{}, index{};
};
template <int N, int V>
constexpr kernel_list<N> distinct_kernels(const graph<N, V>& g) {
    kernel_list<N> result;
    for (int i = 0; i < g.node_count; ++i) {
        int k = 0;
        while (k < result.count && !same_kernel(g.nodes[result.first[k]], g.nodes[i])) ++k;
        if (k == result.count) result.first[result.count++] = std::int16_t(i);
        result.index[i] = std::int16_t(k);
    }
    return result;
}

}  // namespace graph

namespace detail {

// A user's functions are part of a kernel's type only where the kernel uses them.
template <class Program, int I, int... S>
constexpr auto make_chain(std::integer_sequence<int, S...>) {
    constexpr const graph::node& n = Program::graph.nodes[I];
    constexpr bool own = ((n.steps[S].fn == graph::function::custom) || ... || false);
    return chain<std::conditional_t<own, typename Program::own, graph::primitive_list<>>, n.source_mode,
                 step_type<n.steps[S].kind, n.steps[S].fn, n.steps[S].mode, n.steps[S].bits[0],
                           n.steps[S].bits[1]>...>{};
}

}  // namespace detail

/// The chain type of operation I of a program.
template <class Program, int I>
using chain_of = decltype(detail::make_chain<Program, I>(
    std::make_integer_sequence<int, Program::graph.nodes[I].step_count>{}));

}  // namespace weft
