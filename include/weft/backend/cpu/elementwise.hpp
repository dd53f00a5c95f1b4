#pragma once

#include "../arguments.hpp"
#include "../chain.hpp"
#include "../reference/elementwise.hpp"
#include "functions.hpp"

namespace weft::cpu_backend {

/// A run of consecutive elements: where each operand of the chain starts in it.
template <class T>
struct chain_row {
    const T* source;
    T* out;
    T* operand[graph::max_steps];
    std::ptrdiff_t length;
    std::ptrdiff_t element;  ///< the first element's index in the batch, for dropout
};

namespace detail {

/// Along a row that runs over the channels (inner is 1) or over the inner elements: does the operand advance?
constexpr bool advances(graph::operand_mode m, bool over_channels) {
    using enum graph::operand_mode;
    switch (m) {
        case same:
        case fixed:
            return true;
        case channel:
        case sample_channel:
            return over_channels;
        case sample_inner:
        case inner:
            return !over_channels;
        default:
            return false;
    }
}

/// One step on a packet (or, at a row's end, on a single number).
template <class Functions, class Step, bool OverChannels, class P, class T>
P run_step(const arguments<T>& a, const chain_row<T>& row, T* operand, std::ptrdiff_t i, P x) {
    using namespace Eigen::internal;
    using enum graph::step_kind;
    constexpr auto kind = Step::kind;
    P y = x;
    if constexpr (Step::has_operand && kind != store)
        y = advances(Step::mode, OverChannels) ? ploadu<P>(operand + i) : pset1<P>(*operand);
    if constexpr (kind == graph::step_kind::apply || kind == graph::step_kind::slope_from_x ||
                  kind == graph::step_kind::slope_from_y) {
        // A single number takes the packet's formula too, so that an element's bits do not depend on its
        // place.
        P f;
        if constexpr (!has_packet<T>(Step::fn))
            f = by_lane<Functions, Step>(y);
        else if constexpr (kind == graph::step_kind::apply)
            f = cpu_backend::apply<Step>(y);
        else if constexpr (kind == graph::step_kind::slope_from_y)
            f = cpu_backend::slope_from_y<Step>(y);
        else
            f = cpu_backend::slope_from_x<Step>(y);
        return kind == graph::step_kind::apply ? f : pmul(x, f);
    }
    if constexpr (kind == add) return padd(x, y);
    if constexpr (kind == subtract) return psub(x, y);
    if constexpr (kind == subtract_from) return psub(y, x);
    if constexpr (kind == multiply) return pmul(x, y);
    if constexpr (kind == divide) return pdiv(x, y);
    if constexpr (kind == scale) return pmul(x, set<P>(from_bits(Step::bits[0])));
    if constexpr (kind == offset) return padd(x, set<P>(from_bits(Step::bits[0])));
    if constexpr (kind == fill) return set<P>(from_bits(Step::bits[0]));
    if constexpr (kind == per_batch) return pdiv(pmul(x, set<P>(from_bits(Step::bits[0]))), set<P>(a.batch));
    if constexpr (kind == dropout) {
        T factors[ei::packet_traits<T>::size];
        for (int k = 0; k < int(ei::packet_traits<T>::size); ++k)
            factors[k] = reference_backend::dropout_factor<T>(a.seed, a.step, Step::bits[1],
                                                              from_bits(Step::bits[0]), row.element + i + k);
        return pmul(x, ploadu<P>(factors));
    }
    if constexpr (kind == store) {
        pstoreu(operand + i, x);
        return x;
    }
}

template <bool OverChannels, class Chain, class P, class T, class... Steps, int... S>
void run_packet(chain<typename Chain::functions, Chain::source, Steps...>*, std::integer_sequence<int, S...>,
                const arguments<T>& a, const chain_row<T>& row, std::ptrdiff_t i) {
    using namespace Eigen::internal;
    P x = pset1<P>(T(0));
    if (row.source != nullptr)
        x = advances(Chain::source, OverChannels) ? ploadu<P>(row.source + i) : pset1<P>(*row.source);
    ((x = run_step<typename Chain::functions, Steps, OverChannels, P, T>(a, row, row.operand[S], i, x)), ...);
    pstoreu(row.out + i, x);
}

/// The last elements of a row go through a packet too, in a copy, so that all take the same formulas.
template <bool OverChannels, class Chain, class T, class... Steps>
void run_tail(chain<typename Chain::functions, Chain::source, Steps...>* tag, const arguments<T>& a,
              const chain_row<T>& row, std::ptrdiff_t i) {
    using P = packet_of<T>;
    constexpr int width = int(ei::packet_traits<T>::size);
    const int left = int(row.length - i);
    T buffer[graph::max_steps + 2][width] = {};
    chain_row<T> copy = row;
    constexpr bool moves[] = {(Steps::has_operand && advances(Steps::mode, OverChannels))..., false};
    constexpr bool stores[] = {(Steps::kind == graph::step_kind::store)..., false};
    if (row.source != nullptr && advances(Chain::source, OverChannels)) {
        for (int k = 0; k < left; ++k) buffer[graph::max_steps][k] = row.source[i + k];
        copy.source = buffer[graph::max_steps];
    }
    for (int s = 0; s < int(sizeof...(Steps)); ++s) {
        if (!moves[s]) continue;
        if (!stores[s])
            for (int k = 0; k < left; ++k) buffer[s][k] = row.operand[s][i + k];
        copy.operand[s] = buffer[s];
    }
    copy.out = buffer[graph::max_steps + 1];
    copy.element = row.element + i;
    run_packet<OverChannels, Chain, P, T>(tag, std::make_integer_sequence<int, sizeof...(Steps)>{}, a, copy,
                                          0);
    for (int k = 0; k < left; ++k) row.out[i + k] = copy.out[k];
    for (int s = 0; s < int(sizeof...(Steps)); ++s)
        if (stores[s])
            for (int k = 0; k < left; ++k) row.operand[s][i + k] = buffer[s][k];
}

template <bool OverChannels, class Chain, class T>
void run_row(const arguments<T>& a, const chain_row<T>& row) {
    using P = packet_of<T>;
    std::ptrdiff_t i = 0;
    for (; i + int(ei::packet_traits<T>::size) <= row.length; i += int(ei::packet_traits<T>::size))
        run_packet<OverChannels, Chain, P, T>(static_cast<Chain*>(nullptr),
                                              std::make_integer_sequence<int, Chain::size>{}, a, row, i);
    if (i < row.length) run_tail<OverChannels, Chain, T>(static_cast<Chain*>(nullptr), a, row, i);
}

template <class... Steps, class Functions, graph::operand_mode Source>
constexpr auto modes_of(chain<Functions, Source, Steps...>*) {
    return std::array<graph::operand_mode, sizeof...(Steps) + 1>{Source, Steps::mode...};
}

/// Without operands that depend on the place in a sample, all samples are one long row.
template <std::size_t N>
constexpr bool one_row(const std::array<graph::operand_mode, N>& modes) {
    for (auto m : modes)
        if (m != graph::operand_mode::same && m != graph::operand_mode::scalar) return false;
    return true;
}

}  // namespace detail

/// A chain over samples [first, last) of `n`: from in[0] for an elementwise operation, else over out[0] in
/// place.
template <class Chain, class T>
void run_chain(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    using enum graph::operand_mode;
    const bool own_source = n.op == graph::opcode::elementwise;
    if (Chain::size == 0 && !own_source) return;
    constexpr auto modes = detail::modes_of(static_cast<Chain*>(nullptr));
    constexpr bool flat = detail::one_row(modes);
    const graph::blocking& v = n.view;
    const bool over_channels = v.inner == 1;
    const std::ptrdiff_t length = flat ? (last - first) * v.size() : over_channels ? v.channels : v.inner;
    const int columns = flat || over_channels ? 1 : v.channels, outer = flat ? 1 : v.outer;
    if (flat) last = first + 1;
    for (std::ptrdiff_t s = first; s < last; ++s)
        for (int o = 0; o < outer; ++o)
            for (int c = 0; c < columns; ++c) {
                chain_row<T> row;
                const auto start = [&](graph::operand_mode m) {
                    return reference_backend::operand_index(m, v, s, o, c, 0);
                };
                row.element = start(same);
                row.length = length;
                row.out = a.out[0] + row.element;
                row.source = !own_source          ? row.out
                             : a.in[0] == nullptr ? nullptr
                                                  : a.in[0] + start(Chain::source);
                for (int k = 0; k < Chain::size; ++k)
                    row.operand[k] =
                        a.operand[k] == nullptr ? nullptr : a.operand[k] + start(modes[std::size_t(k) + 1]);
                if (over_channels && !flat)
                    detail::run_row<true, Chain>(a, row);
                else
                    detail::run_row<false, Chain>(a, row);
            }
}

}  // namespace weft::cpu_backend
