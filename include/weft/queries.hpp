#pragma once

#include <array>
#include <boost/hana/tuple.hpp>
#include <cstdint>
#include <utility>

#include "core/shape.hpp"
#include "graph/flops.hpp"
#include "program.hpp"

namespace weft {

namespace detail {

/// The shape that leaves each layer of a network.
template <class Net>
struct layer_outputs;
template <class In, class Out, class... Layers>
struct layer_outputs<network<In, Out, Layers...>> {
    static constexpr int count = sizeof...(Layers);
    static constexpr std::array<extents, count + 1> at = [] {
        using rule = shaped (*)(extents);
        constexpr rule rules[] = {&Layers::output..., nullptr};
        std::array<extents, count + 1> result{};
        extents now = In::value;
        for (int i = 0; i < count; ++i) result[std::size_t(i)] = now = rules[i](now).out;
        return result;
    }();

    template <int I>
    static constexpr extents get() {
        return at[I];
    }
    template <int... I>
    static constexpr auto tuple(std::integer_sequence<int, I...>) {
        return boost::hana::tuple<typename to_shape<&layer_outputs::get<I>>::type...>{};
    }
};

}  // namespace detail

/// The shapes that leave a network's layers, in order, as a boost::hana::tuple of `shape<…>`. Does not
/// compile without an input.
///
///     constexpr auto all = shapes(net);
///     static_assert(all[boost::hana::size_c<0>] == shape<16>{});
template <class In, class Out, class... Layers>
constexpr auto shapes(network<In, Out, Layers...>) {
    return detail::layer_outputs<network<In, Out, Layers...>>::tuple(
        std::make_integer_sequence<int, int(sizeof...(Layers))>{});
}

/// Floating-point operations of a prediction, per sample: a multiply-add counts 2, and graph::flops_of says
/// what else counts. Does not compile without an input.
///
///     static_assert(flops(net) == 259);
template <class In, class Out, class... Layers>
constexpr std::int64_t flops(network<In, Out, Layers...>) {
    using compiled = program<network<In, Out, Layers...>>;
    constexpr auto& g = compiled::source.g;
    std::int64_t sum = 0;
    for (int i = 0; i < g.node_count; ++i)
        sum += graph::flops_of(g.nodes[std::size_t(i)], compiled::facts).per_sample;
    return sum;
}

/// Multiply-adds of a prediction, per sample: those of dense layers and convolutions. Does not compile
/// without an input.
///
///     static_assert(multiply_adds(net) == 4 * 16 + 16 * 3);
template <class In, class Out, class... Layers>
constexpr std::int64_t multiply_adds(network<In, Out, Layers...>) {
    using compiled = program<network<In, Out, Layers...>>;
    constexpr auto& g = compiled::source.g;
    std::int64_t sum = 0;
    for (int i = 0; i < g.node_count; ++i)
        sum += graph::multiply_adds(g.nodes[std::size_t(i)], compiled::facts);
    return sum;
}

}  // namespace weft
