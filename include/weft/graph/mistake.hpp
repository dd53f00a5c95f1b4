#pragma once

#include "../core/shape.hpp"
#include "../lang/diagnostics.hpp"
#include "../lang/expression.hpp"
#include "opcode.hpp"

namespace weft::graph {

/// What is wrong with what a layer lowers to.
enum class mistake_kind : unsigned char {
    none,
    input,               ///< a primitive's input of a wrong size, or none
    input_per_sample,    ///< one for the whole batch, where there must be one for each sample
    input_shared,        ///< the reverse
    size,                ///< a wrong number of elements
    axis,                ///< an axis that is not there
    broadcast,           ///< shapes that do not broadcast
    per_sample,          ///< a value per sample, where there must be one for the whole batch
    parts,               ///< more parts of a concat than a record holds
    promised_shape,      ///< another shape than `output` says
    primitives,          ///< more operations than `primitives` says
    too_many_values,     ///< more parameters or constants than the operations have room for
    parameters,          ///< more than 2^31 - 1 numbers in parameters
    long_name,           ///< a parameter's name of more than 79 characters
    unlisted_function,   ///< a function that `functions` does not list
    no_slope,            ///< a function without its derivative
    unlisted_primitive,  ///< a primitive that `own_primitives` does not list
    no_gradient          ///< a primitive without a gradient rule
};

/// The first mistake of a network's layers, as a value; `report` makes it an error.
struct mistake {
    mistake_kind kind = mistake_kind::none;
    int layer = 0;  ///< from 1; 0 in the loss
    opcode op{};    ///< the primitive
    int input = 0;  ///< its input, from 0
    extents wanted{}, got{};

    constexpr explicit operator bool() const { return kind != mistake_kind::none; }
};

}  // namespace weft::graph

namespace weft {

namespace detail {

template <class What, class Needs, class Got>
struct mistake_text {};

template <int Number, class Layers, class Loss>
struct culprit;
template <int Number, class... Layers, class Loss>
struct culprit<Number, block<Layers...>, Loss> {
    using type = typename nth<Number - 1, Layers..., void>::type;
};
template <class... Layers, class Loss>
struct culprit<0, block<Layers...>, Loss> {
    using type = Loss;
};

/// Found::value in types.
template <class Found, class Own>
struct describe_mistake {
    static constexpr graph::mistake m = Found::value;
    static constexpr extents wanted() { return m.wanted; }
    static constexpr extents received() { return m.got; }
    using want = typename to_shape<&wanted>::type;
    using seen = got<typename to_shape<&received>::type>;

    static constexpr auto text() {
        using enum graph::mistake_kind;
        using read = input_of<graph::primitive_at<m.op, Own>, m.input + 1>;
        if constexpr (m.kind == graph::mistake_kind::input)
            return mistake_text<read, needs<want>, seen>();
        else if constexpr (m.kind == input_per_sample)
            return mistake_text<read, needs<a_value_for_each_sample>, seen>();
        else if constexpr (m.kind == input_shared)
            return mistake_text<read, needs<a_value_for_the_whole_batch>, seen>();
        else if constexpr (m.kind == size)
            return mistake_text<the_lowering, needs<elements<m.wanted.size()>>, seen>();
        else if constexpr (m.kind == axis)
            return mistake_text<the_lowering, needs<an_axis<m.wanted[0] - 1>>, seen>();
        else if constexpr (m.kind == broadcast)
            return mistake_text<the_lowering, needs<broadcastable_to<want>>, seen>();
        else if constexpr (m.kind == per_sample)
            return mistake_text<the_lowering, needs<a_value_for_the_whole_batch>, seen>();
        else if constexpr (m.kind == graph::mistake_kind::parts)
            return mistake_text<the_lowering, needs<at_most_parts<m.wanted[0]>>,
                                got<this_many_parts<m.got[0]>>>();
        else if constexpr (m.kind == promised_shape)
            return mistake_text<the_lowered_shape, needs<want>, seen>();
        else if constexpr (m.kind == graph::mistake_kind::primitives)
            return mistake_text<the_lowering, needs<this_many_primitives<m.wanted[0]>>,
                                got<this_many_primitives<m.got[0]>>>();
        else if constexpr (m.kind == too_many_values)
            return mistake_text<the_lowering, needs<parameters_for_at_most_twice_the_primitives>, seen>();
        else if constexpr (m.kind == parameters)
            return mistake_text<the_lowering, needs<at_most_2147483647_parameters>, seen>();
        else if constexpr (m.kind == long_name)
            return mistake_text<the_lowering, needs<names_of_at_most_79_characters>, seen>();
        else if constexpr (m.kind == unlisted_function)
            return mistake_text<the_lowering, needs<its_functions_in_a_list_called_functions>, seen>();
        else if constexpr (m.kind == no_slope)
            return mistake_text<the_lowering, needs<value_and_slope_in_each_of_its_functions>, seen>();
        else if constexpr (m.kind == unlisted_primitive)
            return mistake_text<the_lowering, needs<its_primitives_in_a_list_called_own_primitives>, seen>();
        else
            return mistake_text<graph::primitive_at<m.op, Own>, needs<a_gradient_rule>, seen>();
    }
};

template <class Where, class Layer, class Text>
struct mistake_error;
template <class Where, class Layer, class What, class Needs, class Got>
struct mistake_error<Where, Layer, mistake_text<What, Needs, Got>> {
    using type = impossible_lowering<Where, Layer, What, Needs, Got>;
};

/// What a class derives from that reports a mistake, Found::value, in a network of `Layers` and a loss: where
/// it is made, the compiler still knows the line that asked for it.
template <bool Mistaken, class Found, class Layers, class Loss, class Own>
struct mistake_report {};
template <class Found, class Layers, class Loss, class Own>
struct mistake_report<true, Found, Layers, Loss, Own>
    : mistake_error<layer<Found::value.layer>, typename culprit<Found::value.layer, Layers, Loss>::type,
                    decltype(describe_mistake<Found, Own>::text())>::type {};

}  // namespace detail
}  // namespace weft
