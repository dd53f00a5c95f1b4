#pragma once

#include <concepts>
#include <type_traits>

#include "../core/extents.hpp"

namespace weft {

/// What a layer asks of the shape that reaches it; the compiler prints it in `needs<…>`.
enum class need {
    nothing,
    image,                 ///< a shape of three sizes: [channels, height, width]
    vector,                ///< one size [features], or two [steps, features]
    at_least,              ///< height and width of at least these
    channels_multiple_of,  ///< a number of channels that the groups divide
    size,                  ///< this number of elements
    exact,                 ///< exactly this shape
    broadcastable_to,      ///< a shape that broadcasts to this one
    same_plane,            ///< the same height and width (only channels may differ)
    rank_at_least          ///< at least this many sizes
};

/// The answer of a shape rule: the outgoing shape, or what was needed of `got`, and where inside the layer.
struct shaped {
    extents out;
    need needs = need::nothing;
    extents wanted;
    extents got;
    int inner = 0;          ///< the layer in a block, from 0
    int branch = -1;        ///< in a layer with parts: the part, from 0
    int branch_inner = -1;  ///< and the layer in it, from 0

    constexpr bool ok() const { return needs == need::nothing; }
};

constexpr shaped accept(extents out) { return {.out = out, .wanted = {}, .got = {}}; }
constexpr shaped refuse(need what, extents wanted, extents got) {
    return {.out = {}, .needs = what, .wanted = wanted, .got = got};
}

/// The base of every layer, built-in or a user's own. A layer is an empty type with
///   static constexpr shaped output(extents in);                              the shape rule
///   template <class B> static constexpr auto lower(B& b, typename B::value x);  primitives on the builder
/// and, if it is not named as its type is, `static constexpr const char* kind = "dense"`.
struct layer_base {};

template <class L>
concept Layer = std::derived_from<L, layer_base> && std::is_empty_v<L>;

}  // namespace weft
