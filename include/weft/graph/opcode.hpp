#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "primitives/list.hpp"

/// Primitives as numbers, so that records can hold them, and numbers as primitives.
namespace weft::graph {

/// A primitive's place among weft's own and, behind them, those that a network brings.
enum class opcode : std::uint8_t {};

namespace detail {

template <int I, class P>
struct slot {};
template <int First, class List, class Places>
struct places;
template <int First, class... P, int... I>
struct places<First, primitive_list<P...>, std::integer_sequence<int, I...>> : slot<First + I, P>... {};

template <class... P>
constexpr int count_of(primitive_list<P...>) {
    return int(sizeof...(P));
}
template <int First, class List>
using places_of = places<First, List, std::make_integer_sequence<int, count_of(List())>>;

template <class P, int I>
constexpr int find_place(slot<I, P>*) {
    return I;
}
template <int I, class P>
std::type_identity<P> primitive_in(slot<I, P>*);

}  // namespace detail

/// The number of weft's own primitives.
inline constexpr int primitive_count = detail::count_of(primitives());

namespace detail {

/// All primitives of a network that brings `Own`.
template <class Own>
struct known_places : places_of<0, primitives>, places_of<primitive_count, Own> {
    static_assert(primitive_count + count_of(Own()) <= 256,
                  "weft: a network has at most 256 kinds of primitives");
};
template <class P, class Own>
concept known = requires(known_places<Own>* all) {
    find_place<P>(all);
};

}  // namespace detail

/// The number of a primitive in networks that bring `Own`.
template <class P, class Own = primitive_list<>>
inline constexpr opcode opcode_of =
    opcode(detail::find_place<P>(static_cast<detail::known_places<Own>*>(nullptr)));

/// And back.
template <opcode Op, class Own = primitive_list<>>
using primitive_at =
    typename decltype(detail::primitive_in<int(Op)>(static_cast<detail::known_places<Own>*>(nullptr)))::type;

}  // namespace weft::graph
