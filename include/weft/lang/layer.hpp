#pragma once
/// A layer of your own: an empty type with a rule for its shape and its lowering to primitives. Does not
/// compile in a network: a layer with members, without a rule, or one that lowers to another shape than its
/// rule says.
///
///     /// [C, …] to [C, …]: each channel times a number that is learned.
///     struct channel_scale_layer : layer_base {
///         static constexpr const char* kind = "channel_scale";
///         static constexpr int primitives = 1;  // at most so many operations
///
///         static constexpr shaped output(extents in) {
///             if (in.rank < 2) return refuse(need::rank_at_least, extents(2), in);
///             return accept(in);
///         }
///         template <class B>
///         static constexpr auto lower(B& b, typename B::value x) {
///             const auto weight = b.parameter("weight", extents(x.dims[0]), {init_kind::ones});
///             return b.along(B::multiply_step, x, weight, 0);
///         }
///     };
///     inline constexpr channel_scale_layer channel_scale{};
///     static_assert(Layer<channel_scale_layer>);
///     static_assert(output_shape(input<3, 4, 4> >> channel_scale) == shape<3, 4, 4>{});

#include <concepts>
#include <limits>
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
    same_but_first,        ///< this shape in all sizes but the first
    rank_at_least,         ///< at least this many sizes
    countable              ///< no more numbers than an int counts
};

/// The answer of a shape rule: the outgoing shape, or what was needed of `got`, and where inside the layer.
struct shaped {
    extents out;
    need needs = need::nothing;
    extents wanted;
    extents got;
    int inner = 0;  ///< the layer in a block, from 0
    /// The way to a layer inside a layer with parts: the part, the layer in it, the part of that, …, from 0.
    int path[8] = {};
    int depth = 0;

    constexpr bool ok() const { return needs == need::nothing; }
};

/// A shape rule's refusal: what is needed, of which shape, and what came.
constexpr shaped refuse(need what, extents wanted, extents got) {
    return {.out = {}, .needs = what, .wanted = wanted, .got = got};
}
/// A shape rule's answer that `out` leaves; a refusal for more numbers than an int counts.
constexpr shaped accept(extents out) {
    long long size = 1;
    for (int i = 0; i < out.rank; ++i) {
        size *= out[i];
        if (size > std::numeric_limits<int>::max()) return refuse(need::countable, {}, out);
    }
    return {.out = out, .wanted = {}, .got = {}};
}
/// A shape failure inside part `part` of a layer; what is deeper than the path has room for is left out.
constexpr shaped in_part(shaped failure, int part) {
    constexpr int most = sizeof(failure.path) / sizeof(int);
    if (failure.depth == most) failure.depth -= 2;
    for (int i = failure.depth - 1; i >= 0; --i) failure.path[i + 2] = failure.path[i];
    failure.path[0] = part;
    failure.path[1] = failure.inner;
    failure.depth += 2;
    return failure;
}

/// The base of every layer, built-in or a user's own. A layer is an empty type with
///   static constexpr shaped output(extents in);                              the shape rule
///   template <class B> static constexpr auto lower(B& b, typename B::value x);  primitives on the builder
/// and, if it is not named as its type is, `static constexpr const char* kind = "dense"`.
struct layer_base {
    /// In a layer whose options or numbers are at fault: the type whose instantiation is the error. (An error
    /// in the layer itself would make clang drop its base, and what it has from there.)
    using fault = void;
};

namespace detail {

/// A shape with another size along an axis, which may be more than an int counts.
constexpr shaped with_size(extents out, int axis, long long size) {
    if (size > std::numeric_limits<int>::max()) return refuse(need::countable, {}, out);
    out.at[axis] = int(size);
    return accept(out);
}

/// The argument of a function that stands for a layer: nothing else converts to it.
class layer_name {
    layer_name() = default;
};
/// A layer under a name that is a function's in the C library.
template <class L>
using named_by_function = L (*)(layer_name);

/// What stands for a layer or an input that is at fault, until it meets an expression in the user's line.
template <class Error>
struct refused : layer_base {
    using fault = Error;
    static constexpr shaped output(extents in) { return accept(in); }
};

template <class L>
concept HasShapeRule = requires(extents in) {
    { L::output(in) } -> std::same_as<shaped>;
};

}  // namespace detail

/// A type that may stand in an expression as a layer.
template <class L>
concept Layer = std::derived_from<L, layer_base> && std::is_empty_v<L> && detail::HasShapeRule<L> &&
    std::is_void_v<typename L::fault>;

}  // namespace weft
