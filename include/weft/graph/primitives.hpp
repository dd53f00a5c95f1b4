#pragma once

#include "record.hpp"
// after it
// clang-format off
#define WEFT_FAMILY(family) WEFT_TEXT(family.hpp)
// clang-format on
#include "primitives/list.hpp"

/// What is asked of an operation whose primitive only its record knows: tables by opcode of what primitives
/// say of themselves. A primitive, weft's own or a network's, is a struct of its attributes, each an int, a
/// float or a struct of them, with
///     name                        a text
///     inputs, outputs             how many at most
///     in(k), out(k)               their sizes, as ports; out(0) is the result
///     takes_steps, has_effects, multiplies    what passes ask (see trait), where it is true
///     gradient(d, n)              its gradient rule, if it has one (see gradients in differentiate.hpp)
///     flops(n)                    floating-point operations per sample (or in all where it is done once); 0
///     multiply_adds()             of a product: products followed by a sum, per sample
///     text(n)                     what `explain` shows, if it is more than the name and the result's size
///     once                        an attribute: done once for the whole batch, where it is not 0
///     expand(writer, n), expanded_operations, expanded_values    what it becomes before fusion, if it does
namespace weft::graph {

namespace detail {

/// `Entry::of<P>` of every primitive of a network that brings `Own`, by opcode.
template <class Entry, class All, class Own>
struct table;
template <class Entry, class... P, class... Q>
struct table<Entry, primitive_list<P...>, primitive_list<Q...>> {
    using entry = typename Entry::type;
    static constexpr entry at[sizeof...(P) + sizeof...(Q)] = {Entry::template of<P>...,
                                                              Entry::template of<Q>...};
    constexpr const entry& operator[](opcode op) const { return at[int(op)]; }
};

}  // namespace detail

template <class Entry, class Own = primitive_list<>>
inline constexpr detail::table<Entry, primitives, Own> table_of{};

// What a network brings may be a function, which is no primitive: hence a name for what has none.
template <class P>
inline constexpr const char* primitive_name = "";
template <class P>
requires requires { P::name; }
inline constexpr const char* primitive_name<P> = P::name;
struct names {
    using type = const char*;
    template <class P>
    static constexpr type of = primitive_name<P>;
};
/// An operation's name, as tables and messages show it.
template <class Own = primitive_list<>>
constexpr const char* name_of(opcode op) {
    return table_of<names, Own>[op];
}

/// What counts and tables show of a primitive.
struct primitive_facts {
    const char* name;
    std::int64_t (*flops)(const node&);
    std::int64_t (*multiply_adds)(const node&);
    operation_text (*text)(const node&);
};

namespace detail {

template <class P>
constexpr std::int64_t flops_of_primitive([[maybe_unused]] const node& n) {
    if constexpr (requires { n.as<P>().flops(n); })
        return n.as<P>().flops(n);
    else
        return 0;
}
template <class P>
constexpr std::int64_t multiply_adds_of_primitive([[maybe_unused]] const node& n) {
    if constexpr (requires { n.as<P>().multiply_adds(); })
        return n.as<P>().multiply_adds();
    else
        return 0;
}
template <class P>
constexpr operation_text text_of_primitive([[maybe_unused]] const node& n) {
    if constexpr (requires { n.as<P>().text(n); })
        return n.as<P>().text(n);
    else
        return {};
}

}  // namespace detail

struct facts {
    using type = primitive_facts;
    template <class P>
    static constexpr type of{primitive_name<P>, &detail::flops_of_primitive<P>,
                             &detail::multiply_adds_of_primitive<P>, &detail::text_of_primitive<P>};
};

}  // namespace weft::graph
