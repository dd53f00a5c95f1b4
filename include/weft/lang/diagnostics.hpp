#pragma once

#include "../core/shape.hpp"
#include "layer.hpp"

// The templates whose names and arguments are the text of weft's compile-time errors.

namespace weft {

/// The place of an error: layer<4> is the fourth, the input not counted.
template <int Number>
struct layer;
/// The place of a layer inside others: at<layer<4>, in_concat<2>, layer<1>> is
/// the first layer of the second part of a concat, which is the fourth layer of
/// the network.
template <class... Places>
struct at;
template <int Part>
struct in_residual;  // 1: the body, 2: the shortcut
template <int Part>
struct in_concat;
template <int Part>
struct in_add;
template <int Part>
struct in_multiply;
template <int Part>
struct in_named;

template <class... Facts>
struct needs;
template <class Shape>
struct got;

struct channels_height_width;
struct features_or_steps_features;
struct flatten_before_it;
struct at_most_2147483647_numbers;
template <int Height, int Width>
struct at_least;
template <int Groups>
struct channels_that_groups_divide;
template <int Elements>
struct elements;
template <class Shape>
struct broadcastable_to;
template <class Shape>
struct same_shape_but_for_the_first_size_as;
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
struct describe_need {
    using type = needs<Wanted>;
};
template <class W>
struct describe_need<need::image, W> {
    using type = needs<channels_height_width>;
};
template <class W>
struct describe_need<need::vector, W> {
    using type = needs<features_or_steps_features, flatten_before_it>;
};
template <class W>
struct describe_need<need::countable, W> {
    using type = needs<at_most_2147483647_numbers>;
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
struct describe_need<need::broadcastable_to, W> {
    using type = needs<broadcastable_to<W>>;
};
template <class W>
struct describe_need<need::same_but_first, W> {
    using type = needs<same_shape_but_for_the_first_size_as<W>>;
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

/// The error of a network where a layer or block is expected: only what comes
/// first has an input.
template <class Input>
struct unexpected_input {
    static_assert(detail::never<Input>,
                  "weft: an input stands only at the start of a network; leave "
                  "it out of what follows");
};
template <class Input>
inline constexpr bool is_poison<unexpected_input<Input>> = true;

/// The error of an input, or of a reshape, with sizes that no sample has.
template <int... Sizes>
struct impossible_shape {
    static_assert(detail::never<shape<Sizes...>>,
                  "weft: a shape has one to four sizes, all positive, and at "
                  "most 2147483647 numbers");
};
template <int... Sizes>
inline constexpr bool is_poison<impossible_shape<Sizes...>> = true;

/// The error of a user's layer without a shape rule.
template <class Layer>
struct layer_without_shape_rule {
    static_assert(detail::never<Layer>,
                  "weft: a layer needs `static constexpr "
                  "weft::shaped output(weft::extents in)`");
};
template <class Layer>
inline constexpr bool is_poison<layer_without_shape_rule<Layer>> = true;

/// The error of a user's layer that holds data.
template <class Layer>
struct layer_with_members {
    static_assert(detail::never<Layer>,
                  "weft: a layer is an empty type; make its members static, or "
                  "template arguments");
};
template <class Layer>
inline constexpr bool is_poison<layer_with_members<Layer>> = true;

/// The error of a user's activation that lacks a function.
template <class Function>
struct activation_without_slope {
    static_assert(detail::never<Function>,
                  "weft: an activation needs static constexpr value(x) and slope(x), its derivative");
};
template <class Function>
inline constexpr bool is_poison<activation_without_slope<Function>> = true;

/// The error of a layer whose own numbers make no sense.
template <class Layer, class Needs>
struct impossible_layer {
    static_assert(detail::never<Layer>, "weft: a layer with these numbers is not possible");
};
template <class Layer, class Needs>
inline constexpr bool is_poison<impossible_layer<Layer, Needs>> = true;

struct at_least_one_feature;
struct at_least_one_filter;
struct at_least_one_filter_for_each_channel;
struct groups_that_divide_the_filters;
struct a_window_of_at_least_one_pixel;
struct a_padding_of_at_most_half_the_window;
struct a_factor_of_at_least_1;
struct a_finite_parameter;
struct a_rate_of_at_least_0_and_below_1;
struct a_name_of_one_character_or_more_without_dots;
struct at_least_one_time;
struct at_most_4096_layers;

namespace detail {

template <bool Ok, class Error>
using fault_unless = std::conditional_t<Ok, void, Error>;

/// The first of some faults that is one.
template <class... Faults>
struct first_fault {
    using type = void;
};
template <class... Rest>
struct first_fault<void, Rest...> : first_fault<Rest...> {};
template <class Fault, class... Rest>
struct first_fault<Fault, Rest...> {
    using type = Fault;
};
template <class... Faults>
using first_fault_t = typename first_fault<Faults...>::type;

}  // namespace detail

struct the_lowering;
struct the_lowered_shape;
template <class Primitive, int Input>
struct input_of;
struct a_value_for_each_sample;
struct a_value_for_the_whole_batch;
struct its_functions_in_a_list_called_functions;
struct value_and_slope_in_each_of_its_functions;
struct its_primitives_in_a_list_called_own_primitives;
struct a_gradient_rule;
struct at_most_2147483647_parameters;
struct names_of_at_most_79_characters;
struct parameters_for_at_most_twice_the_primitives;
template <int Count>
struct at_most_parts;
template <int Count>
struct this_many_parts;
template <int Count>
struct this_many_primitives;
template <int Axis>
struct an_axis;

/// The error of a layer or loss that lowers to what cannot be: where, which, what of it, what that needs and
/// what it got.
template <class Where, class Layer, class What, class Needs, class Got>
struct impossible_lowering {
    static_assert(detail::never<Where>, "weft: what a layer lowers to is not possible");
};

/// The error of a question that only a network with an input can answer.
template <class Expression>
struct no_input {
    static_assert(detail::never<Expression>,
                  "weft: this expression has no input, so its shapes are not "
                  "known: begin with input<…> >>");
};

/// The error of a combinator with too few parts, or too many.
template <class Parts>
struct wrong_number_of_parts {
    static_assert(detail::never<Parts>,
                  "weft: residual takes one or two parts, named and repeat one, "
                  "concat, add and multiply two to eight");
};
template <class Parts>
inline constexpr bool is_poison<wrong_number_of_parts<Parts>> = true;

/// The error of an option that a layer does not know.
template <class Layer, class Option>
struct unknown_option {
    static_assert(detail::never<Layer>, "weft: the layer does not have this option");
};
template <class Layer, class Option>
inline constexpr bool is_poison<unknown_option<Layer, Option>> = true;

/// The error of an option given twice.
template <class Layer, class Option>
struct repeated_option {
    static_assert(detail::never<Layer>, "weft: an option is given more than once");
};
template <class Layer, class Option>
inline constexpr bool is_poison<repeated_option<Layer, Option>> = true;

/// The error of an option whose numbers make no sense (a stride of 0, say).
template <class Layer, class Option>
struct meaningless_option {
    static_assert(detail::never<Layer>, "weft: an option's value is not possible for this layer");
};
template <class Layer, class Option>
inline constexpr bool is_poison<meaningless_option<Layer, Option>> = true;

}  // namespace weft
