#pragma once

#include <cstddef>
#include <type_traits>

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

/// Layers that have not met an input yet; fits any shape that its layers accept.
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

/// An input shape, the layers that follow it, and the shape that comes out.
template <class Input, class Output, class... Layers>
struct network {
    using input_type = Input;
    using output_type = Output;
    using layers = block<Layers...>;
};

/// The start of every network: the shape of one sample.
template <int... Sizes>
inline constexpr network<shape<Sizes...>, shape<Sizes...>> input{};

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

/// Anything that may follow in an expression: a layer or a block.
template <class T>
concept Part = Layer<T> || is_block<T>;

namespace detail {

template <class T>
struct as_block {
    using type = std::conditional_t<is_poison<T>, T, not_a_layer<T>>;
};
template <class T>
    requires(!Layer<T> && requires { T::options; })
struct as_block<T> {
    using type = faulty_options<T>;
};
template <Layer L>
struct as_block<L> {
    using type = block<L>;
};
template <class... L>
struct as_block<block<L...>> {
    using type = block<L...>;
};
template <class T>
using as_block_t = typename as_block<T>::type;

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
        static constexpr int number = int(sizeof...(Ls)) + result.inner + 1;
        using where = std::conditional_t<(result.branch < 0), layer<number>,
                                         layer<number, result.branch + 1, result.branch_inner + 1>>;
        using what = typename describe_need<result.needs, typename to_shape<&wanted>::type>::type;
        using type = shape_mismatch<where, typename nth<result.inner, Rs...>::type, what,
                                    got<typename to_shape<&received>::type>>;
    };
    using type = typename outcome<result.ok(), void>::type;
};
template <class... L, class... R>
struct append<block<L...>, block<R...>> {
    using type = block<L..., R...>;
};

template <class T>
inline constexpr bool is_expression = Part<T> || Network<T> || is_poison<T>;

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

/// The shape that comes out of a network, as a `shape<…>`.
template <class In, class Out, class... Ls>
constexpr Out output_shape(network<In, Out, Ls...>) {
    return {};
}
/// The shape that goes into a network.
template <class In, class Out, class... Ls>
constexpr In input_shape(network<In, Out, Ls...>) {
    return {};
}

}  // namespace weft
