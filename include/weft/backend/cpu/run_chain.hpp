#pragma once

#include <array>
#include <cstring>

#include "../arguments.hpp"
#include "../chain.hpp"
#include "../reference/elementwise.hpp"
#include "dropout.hpp"
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

/// Elements that share a piece of a chain's work, and for which repeated operands are written out.
inline constexpr std::ptrdiff_t piece_size = 256;

namespace detail {

/// Along the inner elements of one channel, does the operand advance? In a piece, where repeated operands are
/// written out, all but single numbers do.
constexpr bool advances(graph::operand_mode m, bool in_piece) {
    using enum graph::operand_mode;
    if (in_piece) return m != scalar;
    return m == same || m == fixed || m == sample_inner || m == inner;
}

/// One step on a packet (or, at a row's end, on a single number).
template <class Functions, class Step, bool InPiece, class P, class T>
P run_step(const arguments<T>& a, const chain_row<T>& row, T* operand, std::ptrdiff_t i, P x) {
    using namespace Eigen::internal;
    using enum graph::step_kind;
    constexpr auto kind = Step::kind;
    P y = x;
    if constexpr (Step::has_operand && kind != store)
        y = advances(Step::mode, InPiece) ? ploadu<P>(operand + i) : pset1<P>(*operand);
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
    if constexpr (kind == scale && Step::bits[1] != 0)
        return pdiv(pmul(x, set<P>(from_bits(Step::bits[0]))), set<P>(Step::bits[1]));
    if constexpr (kind == scale) return pmul(x, set<P>(from_bits(Step::bits[0])));
    if constexpr (kind == offset) return padd(x, set<P>(from_bits(Step::bits[0])));
    if constexpr (kind == fill) return set<P>(from_bits(Step::bits[0]));
    if constexpr (kind == per_batch)
        return pdiv(pmul(x, set<P>(from_bits(Step::bits[0]))),
                    pset1<P>(reference_backend::step_divisor<T>(Step::bits[1]) * T(a.batch)));
    if constexpr (kind == dropout) {
        T factors[ei::packet_traits<T>::size];
        dropout_factors(a, Step::bits[1], from_bits(Step::bits[0]), row.element + i, factors);
        return pmul(x, ploadu<P>(factors));
    }
    if constexpr (kind == store) {
        pstoreu(operand + i, x);
        return x;
    }
}

template <bool InPiece, class Chain, class P, class T, class... Steps, int... S>
P run_packet(chain<typename Chain::functions, Chain::source, Steps...>*, std::integer_sequence<int, S...>,
             const arguments<T>& a, const chain_row<T>& row, std::ptrdiff_t i) {
    using namespace Eigen::internal;
    P x = pset1<P>(T(0));
    if (row.source != nullptr)
        x = advances(Chain::source, InPiece) ? ploadu<P>(row.source + i) : pset1<P>(*row.source);
    ((x = run_step<typename Chain::functions, Steps, InPiece, P, T>(a, row, row.operand[S], i, x)), ...);
    return x;
}

/// A row shorter than a packet goes through one too, in a copy, so that all take the same formulas.
template <bool InPiece, class Chain, class T, class... Steps>
void run_short_row(chain<typename Chain::functions, Chain::source, Steps...>* tag, const arguments<T>& a,
                   const chain_row<T>& row) {
    using P = packet_of<T>;
    constexpr int width = int(ei::packet_traits<T>::size), count = int(sizeof...(Steps));
    const int length = int(row.length);
    T buffer[count + 2][width] = {};
    chain_row<T> copy = row;
    constexpr bool moves[] = {(Steps::has_operand && advances(Steps::mode, InPiece))..., false};
    constexpr bool stores[] = {(Steps::kind == graph::step_kind::store)..., false};
    if (row.source != nullptr && advances(Chain::source, InPiece)) {
        for (int k = 0; k < length; ++k) buffer[count][k] = row.source[k];
        copy.source = buffer[count];
    }
    for (int s = 0; s < count; ++s) {
        if (!moves[s]) continue;
        copy.operand[s] = buffer[s];
        if (stores[s]) continue;
        for (int k = 0; k < length; ++k) buffer[s][k] = row.operand[s][k];
        for (int j = 0; j < s; ++j)  // what the chain itself has just stored is in the copy, not in the row
            if (stores[j] && row.operand[j] == row.operand[s]) copy.operand[s] = buffer[j];
    }
    copy.out = buffer[count + 1];
    ei::pstoreu(copy.out,
                run_packet<InPiece, Chain, P, T>(tag, std::make_integer_sequence<int, count>{}, a, copy, 0));
    for (int k = 0; k < length; ++k) row.out[k] = copy.out[k];
    for (int s = 0; s < count; ++s)
        if (stores[s])
            for (int k = 0; k < length; ++k) row.operand[s][k] = buffer[s][k];
}

/// The last packet ends with the row and overlaps the one before. It is computed first, since the row may be
/// changed in place.
template <bool InPiece, class Chain, class T>
void run_row(const arguments<T>& a, const chain_row<T>& row) {
    using P = packet_of<T>;
    constexpr int width = int(ei::packet_traits<T>::size);
    constexpr auto steps = std::make_integer_sequence<int, Chain::size>{};
    Chain* const tag = nullptr;
    if (row.length < width) return run_short_row<InPiece, Chain, T>(tag, a, row);
    const std::ptrdiff_t last = row.length - width;
    const P end = run_packet<InPiece, Chain, P, T>(tag, steps, a, row, last);
    for (std::ptrdiff_t i = 0; i < last; i += width)
        ei::pstoreu(row.out + i, run_packet<InPiece, Chain, P, T>(tag, steps, a, row, i));
    ei::pstoreu(row.out + last, end);
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

/// Do consecutive elements of a sample read consecutive numbers of the operand (or one number for all)?
constexpr bool stands(graph::operand_mode m, const graph::blocking& v) {
    using enum graph::operand_mode;
    switch (m) {
        case channel:
        case sample_channel:
            return v.inner == 1 && v.outer == 1;
        case graph::operand_mode::inner:
        case sample_inner:
            return v.channels == 1 && v.outer == 1;
        default:
            return m != sample_scalar;
    }
}

/// A chain over rows that each operand walks or stays in: whole samples, or the inner elements of a channel.
template <bool InPiece, class Chain, class T>
void run_rows(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    using reference_backend::operand_index;
    constexpr auto modes = modes_of(static_cast<Chain*>(nullptr));
    const graph::blocking& v = n.view;
    const int outer = InPiece ? 1 : v.outer, channels = InPiece ? 1 : v.channels;
    for (std::ptrdiff_t s = first; s < last; ++s)
        for (int o = 0; o < outer; ++o)
            for (int c = 0; c < channels; ++c) {
                chain_row<T> row;
                row.element = operand_index(graph::operand_mode::same, v, s, o, c, 0);
                row.length = InPiece ? v.size() : v.inner;
                row.out = a.out[0] + row.element;
                row.source = row.out;
                if (n.is<graph::elementwise>())
                    row.source =
                        a.in[0] == nullptr ? nullptr : a.in[0] + operand_index(Chain::source, v, s, o, c, 0);
                for (int k = 0; k < Chain::size; ++k)
                    row.operand[k] =
                        a.operand[k] == nullptr
                            ? nullptr
                            : a.operand[k] + operand_index(modes[std::size_t(k) + 1], v, s, o, c, 0);
                run_row<InPiece, Chain>(a, row);
            }
}

/// The operand's numbers for `count` elements from (sample, within) on, each repeated as its mode says. May
/// write up to a packet more.
template <class T>
void write_out(T* to, const T* from, graph::operand_mode m, const graph::blocking& v, std::ptrdiff_t sample,
               std::ptrdiff_t within, std::ptrdiff_t count) {
    using enum graph::operand_mode;
    using P = packet_of<T>;
    // A run ends with the inner elements; where those are single, with the channels; or with the sample.
    const bool by_channel = m == channel || m == sample_channel;
    const bool one = m == sample_scalar || (by_channel && v.inner > 1);
    const std::ptrdiff_t unit = m == fixed || m == sample_scalar ? v.size()
                                : by_channel && v.inner == 1     ? v.channels
                                                                 : v.inner;
    for (std::ptrdiff_t k = 0; k < count;) {
        const std::ptrdiff_t c = within / v.inner, i = within % v.inner;
        const std::ptrdiff_t left = unit - within % unit, run = left < count - k ? left : count - k;
        const T* x = from + reference_backend::operand_index(m, v, sample, int(c / v.channels),
                                                             int(c % v.channels), int(i));
        if (one)
            for (std::ptrdiff_t j = 0; j < run; j += int(ei::packet_traits<T>::size))
                ei::pstoreu(to + k + j, ei::pset1<P>(*x));
        else
            std::memcpy(to + k, x, std::size_t(run) * sizeof(T));
        k += run;
        within += run;
        if (within == v.size()) within = 0, ++sample;
    }
}

/// A chain over images of a few pixels and over a few features: all elements one after the other, cut into
/// pieces for which each repeated operand is written out.
template <class Chain, class T>
void run_pieces(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    constexpr auto modes = modes_of(static_cast<Chain*>(nullptr));
    constexpr int places = Chain::size + 1;
    const graph::blocking& v = n.view;
    const std::ptrdiff_t size = v.size(), total = (last - first) * size;
    // Whole samples where they are small, so that what all samples share is written out once.
    const std::ptrdiff_t step = size <= piece_size ? piece_size / size * size : piece_size;
    T room[places][piece_size + ei::packet_traits<T>::size];
    for (std::ptrdiff_t at = 0; at < total; at += step) {
        chain_row<T> row;
        row.length = total - at < step ? total - at : step;
        row.element = first * size + at;
        row.out = a.out[0] + row.element;
        row.source = row.out;
        for (int k = n.is<graph::elementwise>() ? 0 : 1; k < places; ++k) {
            const graph::operand_mode m = modes[std::size_t(k)];
            const T* from = k == 0 ? a.in[0] : a.operand[k - 1];
            if (from != nullptr && m == graph::operand_mode::same) {
                from += row.element;
            } else if (from != nullptr && m != graph::operand_mode::scalar) {
                if (at == 0 || size > piece_size || graph::is_per_sample(m))
                    write_out(room[k], from, m, v, first + at / size, at % size, row.length);
                from = room[k];
            }
            if (k == 0)
                row.source = from;
            else
                row.operand[k - 1] = const_cast<T*>(from);
        }
        run_row<true, Chain>(a, row);
    }
}

}  // namespace detail

/// A chain over samples [first, last) of `n`: from in[0] for an elementwise operation, else over out[0] in
/// place.
template <class Chain, class T>
void run_chain(const graph::node& n, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
    if (Chain::size == 0 && !n.is<graph::elementwise>()) return;
    constexpr std::ptrdiff_t long_row = 64;
    if constexpr (detail::one_row(detail::modes_of(static_cast<Chain*>(nullptr)))) {
        chain_row<T> row;
        row.element = first * n.view.size();
        row.length = (last - first) * n.view.size();
        row.out = a.out[0] + row.element;
        const bool own = n.is<graph::elementwise>(), moves = Chain::source == graph::operand_mode::same;
        row.source = !own ? row.out : a.in[0] == nullptr ? nullptr : a.in[0] + (moves ? row.element : 0);
        constexpr auto modes = detail::modes_of(static_cast<Chain*>(nullptr));
        for (int k = 0; k < Chain::size; ++k)
            row.operand[k] = a.operand[k] == nullptr || modes[std::size_t(k) + 1] != graph::operand_mode::same
                                 ? a.operand[k]
                                 : a.operand[k] + row.element;
        if (row.length > 0) detail::run_row<true, Chain>(a, row);
    } else {
        constexpr auto modes = detail::modes_of(static_cast<Chain*>(nullptr));
        const graph::blocking& v = n.view;
        if (v.inner >= long_row || (v.inner >= 16 && v.inner % int(ei::packet_traits<T>::size) == 0))
            return detail::run_rows<false, Chain>(n, a, first, last);
        bool all_stand = v.size() >= long_row;
        for (auto m : modes) all_stand = all_stand && detail::stands(m, v);
        if (all_stand)
            detail::run_rows<true, Chain>(n, a, first, last);
        else
            detail::run_pieces<Chain>(n, a, first, last);
    }
}

}  // namespace weft::cpu_backend
