#pragma once

#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include "diagnostics.hpp"

namespace weft {

namespace detail {

/// How many primitive operations a layer may lower to; layers that do not say are taken to need 16.
template <class L>
constexpr int primitives_of() {
    if constexpr (requires { L::primitives; })
        return L::primitives;
    else
        return 16;
}

}  // namespace detail

/// Layers that have not met an input yet: a value that fits any shape its layers accept. Does not compile
/// where a layer is followed by what is none.
///
///     constexpr block stem = conv2d<16, kernel<3>> >> batch_norm >> relu;
///     constexpr auto small = input<1, 8, 8> >> stem;
///     constexpr auto large = input<3, 64, 64> >> stem >> stem;
template <class... Layers>
struct block {
    static constexpr int size = sizeof...(Layers);
    /// An upper bound of the primitive operations that the layers lower to.
    static constexpr int primitives = [] {
        constexpr int each[] = {detail::primitives_of<Layers>()..., 0};
        int sum = 0;
        for (int n : each) sum += n;
        return sum;
    }();

    template <int I>
    using layer = typename detail::nth<I, Layers..., void>::type;

    /// The shape rules of all the layers, one after the other.
    static constexpr shaped output(extents in) {
        using rule = shaped (*)(extents);
        constexpr rule rules[] = {&Layers::output..., nullptr};
        shaped result = accept(in);
        for (int i = 0; i < size; ++i) {
            shaped next = rules[i](result.out);
            if (!next.ok()) {
                next.inner = i;
                return next;
            }
            result = next;
        }
        return result;
    }
};

/// An input shape, the layers that follow it, and the shape that comes out: the type of an expression that
/// begins with `input`. Does not compile where a layer cannot take the shape that reaches it.
///
///     static_assert(Network<std::remove_cvref_t<decltype(net)>> && decltype(net)::input_type::size == 4);
template <class Input, class Output, class... Layers>
struct network {
    using input_type = Input;
    using output_type = Output;
    using layers = block<Layers...>;
};

namespace detail {

/// One to four positive sizes, and no more numbers than an int counts.
template <int... Sizes>
constexpr bool is_possible_shape() {
    constexpr int count = sizeof...(Sizes), sizes[] = {Sizes..., 0};
    long long numbers = 1;
    for (int i = 0; i < count; ++i) {
        if (sizes[i] < 1 || numbers * sizes[i] > std::numeric_limits<int>::max()) return false;
        numbers *= sizes[i];
    }
    return count >= 1 && count <= extents::max_rank;
}

}  // namespace detail

/// The start of every network: the shape of one sample, such as [features], [steps, features] or [channels,
/// height, width]. Does not compile for none or more than four sizes, one below 1, or more than 2^31 - 1
/// numbers.
///
///     constexpr auto net = input<1, 28, 28> >> flatten >> dense<10>;
///     static_assert(input_shape(net) == shape<1, 28, 28>{} && output_shape(net) == shape<10>{});
template <int... Sizes>
inline constexpr std::conditional_t<detail::is_possible_shape<Sizes...>(),
                                    network<shape<Sizes...>, shape<Sizes...>>,
                                    detail::refused<impossible_shape<Sizes...>>>
    input{};

template <class T>
inline constexpr bool is_block = false;
template <class... Layers>
inline constexpr bool is_block<block<Layers...>> = true;
template <class T>
inline constexpr bool is_network = false;
template <class I, class O, class... Layers>
inline constexpr bool is_network<network<I, O, Layers...>> = true;

/// A network expression that begins with an input.
template <class T>
concept Network = is_network<T>;

/// Anything that may follow in an expression: a layer or a block. No errors.
///
///     template <Part Body>
///     constexpr auto twice(Body body) {
///         return body >> relu >> body;
///     }
///     static_assert(parameter_count(input<8> >> twice(dense<8>)) == 2 * 72);
template <class T>
concept Part = Layer<T> || is_block<T>;

namespace detail {

/// Why something cannot be part of an expression.
template <class T>
constexpr auto refused_part() {
    if constexpr (is_poison<T>)
        return std::type_identity<T>{};
    else if constexpr (requires { typename T::input_type; })
        return std::type_identity<unexpected_input<typename T::input_type>>{};
    else if constexpr (!std::derived_from<T, layer_base>)
        return std::type_identity<not_a_layer<T>>{};
    else if constexpr (!std::is_empty_v<T>)
        return std::type_identity<layer_with_members<T>>{};
    else if constexpr (!HasShapeRule<T>)
        return std::type_identity<layer_without_shape_rule<T>>{};
    else
        return std::type_identity<typename T::fault>{};
}

template <class T>
struct as_block {
    using type = typename decltype(refused_part<T>())::type;
};
template <Layer L>
struct as_block<L> {
    using type = block<L>;
};
template <class... L>
struct as_block<block<L...>> {
    using type = block<L...>;
};
template <class L>
struct as_block<named_by_function<L>> : as_block<L> {};
template <class T>
using as_block_t = typename as_block<T>::type;

/// The layer that a failure's path leads to, and its place in words.
template <class Layer, class Where, int... Path>
struct locate;
template <class Layer, class... Places, int Part, int Inner, int... Path>
struct locate<Layer, at<Places...>, Part, Inner, Path...>
    : locate<typename Layer::template part<Part>::template layer<Inner>,
             at<Places..., typename Layer::template place<Part + 1>, layer<Inner + 1>>, Path...> {};
template <class Layer, class Where>
struct locate<Layer, Where> {
    using where = Where;
    using what = Layer;
};
template <class Layer, class Place>
struct locate<Layer, at<Place>> {
    using where = Place;
    using what = Layer;
};

template <class Net, class Block>
struct append;
template <class In, class Out, class... Ls, class... Rs>
struct append<network<In, Out, Ls...>, block<Rs...>> {
    static constexpr shaped result = block<Rs...>::output(Out::value);
    static constexpr extents out() { return result.out; }
    static constexpr extents wanted() { return result.wanted; }
    static constexpr extents received() { return result.got; }

    template <bool Ok, class Unused>
    struct outcome {
        using type = network<In, typename to_shape<&out>::type, Ls..., Rs...>;
    };
    template <class Unused>
    struct outcome<false, Unused> {
        template <int... I>
        static auto located(std::integer_sequence<int, I...>)
            -> locate<typename nth<result.inner, Rs...>::type,
                      at<layer<int(sizeof...(Ls)) + result.inner + 1>>, result.path[I]...>;
        using culprit = decltype(located(std::make_integer_sequence<int, result.depth>{}));
        using type =
            shape_mismatch<typename culprit::where, typename culprit::what,
                           typename describe_need<result.needs, typename to_shape<&wanted>::type>::type,
                           got<typename to_shape<&received>::type>>;
    };
    using type = typename outcome<result.ok(), void>::type;
};
template <class... L, class... R>
struct append<block<L...>, block<R...>> {
    using type = block<L..., R...>;
};

template <class T>
inline constexpr bool is_expression =
    Part<T> || Network<T> || is_poison<T> || std::derived_from<T, layer_base>;

template <class T>
struct head : as_block<T> {};
template <Network N>
struct head<N> {
    using type = N;
};

}  // namespace detail

/// Feeds what comes out of the left into the right. Shapes are checked as soon as there is an input.
template <class L, class R>
requires(detail::is_expression<L> || detail::is_expression<R>) constexpr auto operator>>(L, R) {
    using left = typename detail::head<L>::type;
    using right = detail::as_block_t<R>;
    if constexpr (is_poison<left>)
        return left{};
    else if constexpr (is_poison<right>)
        return right{};
    else
        return typename detail::append<left, right>::type{};
}

/// The shape that comes out of a network, as a `shape<…>`. Does not compile for an expression without an
/// input.
template <class In, class Out, class... Ls>
constexpr Out output_shape(network<In, Out, Ls...>) {
    return {};
}
/// The shape that goes into a network, as a `shape<…>`. Does not compile for an expression without an input.
template <class In, class Out, class... Ls>
constexpr In input_shape(network<In, Out, Ls...>) {
    return {};
}

// Of an expression without an input: an error. Of an error: the error.
template <class T>
requires(!Network<T>) constexpr auto output_shape(T expression) {
    if constexpr (is_poison<T>)
        return expression;
    else
        return no_input<T>{};
}
template <class T>
requires(!Network<T>) constexpr auto input_shape(T expression) { return output_shape(expression); }
/// After an error, nothing more is reported of what came of it.
template <class Error, class T>
requires(is_poison<Error>) constexpr bool operator==(Error, T) { return true; }

}  // namespace weft
