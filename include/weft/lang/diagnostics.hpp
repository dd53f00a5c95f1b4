#pragma once

#include "../core/shape.hpp"
#include "layer.hpp"

// The templates whose names and arguments are the text of weft's compile-time errors.

namespace weft {

template <int Number, int... PartAndNumber>
struct layer;  // layer<4>: the fourth, the input not counted; layer<4, 1, 2>: the second in its first part
template <class... Facts>
struct needs;
template <class Shape>
struct got;

struct channels_height_width;
struct features_or_steps_features;
template <int Height, int Width>
struct at_least;
template <int Groups>
struct channels_that_groups_divide;
template <int Elements>
struct elements;
template <class Shape>
struct broadcastable_to;
template <class Shape>
struct same_height_and_width_as;
template <int Rank>
struct rank_at_least;

/// Marks what an expression becomes after an error, so that nothing more is reported.
template <class T>
inline constexpr bool is_poison = false;

namespace detail {

template <class...>
inline constexpr bool never = false;

template <int N, class First, class... Rest>
struct nth : nth<N - 1, Rest...> {};
template <class First, class... Rest>
struct nth<0, First, Rest...> {
    using type = First;
};

template <need Need, class Wanted>
struct describe_need;
template <class W>
struct describe_need<need::image, W> {
    using type = needs<channels_height_width>;
};
template <class W>
struct describe_need<need::vector, W> {
    using type = needs<features_or_steps_features>;
};
template <int H, int W>
struct describe_need<need::at_least, shape<H, W>> {
    using type = needs<at_least<H, W>>;
};
template <int G>
struct describe_need<need::channels_multiple_of, shape<G>> {
    using type = needs<channels_that_groups_divide<G>>;
};
template <int N>
struct describe_need<need::size, shape<N>> {
    using type = needs<elements<N>>;
};
template <class W>
struct describe_need<need::exact, W> {
    using type = needs<W>;
};
template <class W>
struct describe_need<need::broadcastable_to, W> {
    using type = needs<broadcastable_to<W>>;
};
template <class W>
struct describe_need<need::same_plane, W> {
    using type = needs<same_height_and_width_as<W>>;
};
template <int N>
struct describe_need<need::rank_at_least, shape<N>> {
    using type = needs<rank_at_least<N>>;
};

}  // namespace detail

/// The error of a layer that cannot take the shape that reaches it.
template <class Where, class Layer, class Needs, class Got>
struct shape_mismatch {
    static_assert(detail::never<Where>, "weft: a layer cannot take the shape that reaches it");
};
template <class Where, class Layer, class Needs, class Got>
inline constexpr bool is_poison<shape_mismatch<Where, Layer, Needs, Got>> = true;

/// The error of `>>` or a combinator with something that is no layer.
template <class What>
struct not_a_layer {
    static_assert(detail::never<What>, "weft: this is not a layer, so it cannot be part of an expression");
};
template <class What>
inline constexpr bool is_poison<not_a_layer<What>> = true;

/// A layer whose options are at fault: the error is out already (clang also drops such a layer's base class).
template <class Layer>
struct faulty_options {};
template <class Layer>
inline constexpr bool is_poison<faulty_options<Layer>> = true;

/// The error of an option that a layer does not know.
template <class Layer, class Option>
struct unknown_option {
    static_assert(detail::never<Layer>, "weft: the layer does not have this option");
};

/// The error of an option given twice.
template <class Layer, class Option>
struct repeated_option {
    static_assert(detail::never<Layer>, "weft: an option is given more than once");
};

/// The error of an option whose numbers make no sense (a stride of 0, say).
template <class Layer, class Option>
struct meaningless_option {
    static_assert(detail::never<Layer>, "weft: an option's value is not possible for this layer");
};

}  // namespace weft
