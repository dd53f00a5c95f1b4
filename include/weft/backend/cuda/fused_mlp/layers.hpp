#pragma once

#include <tuple>
#include <utility>

#include "../../../graph/differentiate.hpp"
#include "../../../graph/mlp.hpp"
#include "../../reference/steps.hpp"
#include "../execution/block.hpp"

namespace weft::cuda_backend {

/// A function and its derivative; the derivative comes from f's result or, if `from_argument`, its argument.
template <graph::function Fn, std::int32_t Bits>
struct mlp_function {
    static constexpr bool from_argument = Fn != graph::function::none && !graph::slope_from_result(Fn);
    template <graph::step_kind Kind>
    using step =
        step_functor<graph::function_list<>, step_type<Kind, Fn, graph::operand_mode::same, Bits, 0>>;

    template <class T>
    WEFT_DEVICE static T value(T x) {
        if constexpr (Fn == graph::function::none)
            return x;
        else
            return step<graph::step_kind::apply>::value(x);
    }
    template <class T>
    WEFT_DEVICE static T slope(T x) {
        if constexpr (Fn == graph::function::none)
            return T(1);
        else
            return step < from_argument ? graph::step_kind::slope_from_x
                                        : graph::step_kind::slope_from_y > ::slope(x);
    }
};

/// The slices in which a product's inputs go through shared memory have this many terms of its sums.
inline constexpr int slice = 16;

/// A dense layer in a kernel's type. Its outputs are padded with zeros to whole slices.
template <int In, int Out, graph::function Fn, std::int32_t Bits, bool Bias>
struct dense_type {
    static constexpr int in = In, out = Out, padded = (Out + slice - 1) / slice * slice;
    static constexpr bool bias = Bias;
    using function = mlp_function<Fn, Bits>;
};

template <class... Layers>
struct layer_list {
    static constexpr int depth = int(sizeof...(Layers));
    template <int I>
    using at = std::tuple_element_t<std::size_t(I), std::tuple<Layers...>>;
    static constexpr int out = at<depth - 1>::out;

    /// The padded width of the widest layer.
    static constexpr int widest() {
        int width = 0;
        ((width = Layers::padded > width ? Layers::padded : width), ...);
        return width;
    }
    static constexpr int parameters() { return (((Layers::in + Layers::bias) * Layers::out) + ...); }
};

namespace detail {

template <class Found, int... I>
constexpr auto make_layers(std::integer_sequence<int, I...>) {
    constexpr graph::mlp m = Found::value;
    return layer_list<
        dense_type<m.layers[I].in, m.layers[I].out, m.layers[I].fn, m.layers[I].bits, m.layers[I].bias>...>{};
}

}  // namespace detail

/// The layers of an mlp that a class has as its `value`, as a type.
template <class Found>
using layers_of = decltype(detail::make_layers<Found>(std::make_integer_sequence<int, Found::value.depth>{}));

/// Where each layer's parameters begin.
template <int Depth>
struct parameter_places {
    std::int32_t weight[Depth], bias[Depth];
};

/// How a batch is cut: the samples that one block takes at a time, and its threads. No rows: it does not fit.
struct mlp_tile {
    int rows = 0, threads = 0;
    constexpr explicit operator bool() const { return rows > 0; }
};

/// A row of a matrix in shared memory is one feature of all samples of a tile; the pad keeps threads that
/// read neighbouring features off each other's banks.
constexpr int stride_of(int rows) { return rows + 4; }
/// Two slices each of weights and of inputs, so that one is filled while the other is used.
constexpr int stage_size(int rows, int widest) {
    return 2 * slice * (stride_of(rows) + widest + 4) > 64 * stride_of(rows)
               ? 2 * slice * (stride_of(rows) + widest + 4)
               : 64 * stride_of(rows);
}

/// The largest tile, of at most so many rows, whose numbers (`Needs::numbers(rows)`) fit in `limit` bytes of
/// shared memory, with at most 64 sums for each thread.
template <class Needs, class T>
constexpr mlp_tile choose_tile(int widest, std::size_t limit, int most_rows) {
    if (widest > 256) return {};
    const int threads = widest <= 64 ? 128 : 256;
    for (int rows = most_rows; rows >= 16; rows /= 2)
        if (rows * widest <= 64 * threads && std::size_t(Needs::numbers(rows)) * sizeof(T) <= limit)
            return {rows, threads};
    return {};
}

/// Large tiles use each weight often; where a batch has too few of them to keep a device busy, small ones do.
struct mlp_tiles {
    mlp_tile large, small;

    constexpr explicit operator bool() const { return large.rows > 0; }
    constexpr bool takes_large(int batch, int busy) const { return pieces(batch, large.rows) >= busy; }
};

}  // namespace weft::cuda_backend
