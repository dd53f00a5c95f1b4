#pragma once

#include <tuple>
#include <utility>

#include "../../../graph/differentiate.hpp"
#include "../../reference/steps.hpp"
#include "../execution/block.hpp"
#include "recognize.hpp"

namespace weft::cuda_backend {

/// A function and its derivative; the derivative comes from f's result or, if `from_argument`, its argument.
template <graph::function Fn, std::int32_t Bits>
struct mlp_function {
    static constexpr bool from_argument =
        Fn != graph::function::none && !graph::elementwise::slope_from_result(Fn, from_bits(Bits));
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

/// The slices in which a product's inputs go through shared memory have this many terms of its sums, or a
/// multiple.
inline constexpr int slice = 16;

constexpr int larger(int a, int b) { return a > b ? a : b; }
constexpr int smaller(int a, int b) { return a < b ? a : b; }
constexpr int padded_to(int size, int unit) { return (size + unit - 1) / unit * unit; }

/// A dense layer in a kernel's type. Its outputs are padded with zeros to whole slices.
template <int In, int Out, graph::function Fn, std::int32_t Bits, bool Bias>
struct dense_type {
    static constexpr int in = In, out = Out, padded = padded_to(Out, slice);
    static constexpr bool bias = Bias;
    using function = mlp_function<Fn, Bits>;
};

template <class Layer>
inline constexpr int padded_in = padded_to(Layer::in, slice);

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
    constexpr mlp m = Found::value;
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

/// The shared memory that a block can have, in bytes.
inline constexpr std::size_t shared_memory_sm80 = 163 * 1024, shared_memory_sm90 = 227 * 1024;

/// How a batch is cut: the samples that one block takes at a time, and its threads; for tensor cores also how
/// many terms of a product's sums come to shared memory in one slice of weights, or 0: all weights lie there
/// for good. No rows: it does not fit.
struct mlp_tile {
    int rows = 0, threads = 0, slice = 0;
    constexpr explicit operator bool() const { return rows > 0; }
};

/// Large tiles use each weight often; where a batch has too few of them to keep a device busy, small ones do.
struct mlp_tiles {
    mlp_tile large, small;

    constexpr explicit operator bool() const { return large.rows > 0; }
    constexpr bool takes_large(int batch, int busy) const { return pieces(batch, large.rows) >= busy; }
};

}  // namespace weft::cuda_backend
