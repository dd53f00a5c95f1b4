#pragma once

#include "../../../graph/primitives/convolution.hpp"
#include "../../arguments.hpp"
#include "../../chain.hpp"
#include "../execution/elements.hpp"

namespace weft::cuda_backend {

/// Which of a primitive and its two gradients a library is asked for.
enum class gradient_of : std::uint8_t { nothing, data, weights };
template <class Primitive>
inline constexpr gradient_of gradient_kind = gradient_of::nothing;
template <>
inline constexpr gradient_of gradient_kind<graph::gemm_data> = gradient_of::data;
template <>
inline constexpr gradient_of gradient_kind<graph::gemm_weights> = gradient_of::weights;
template <>
inline constexpr gradient_of gradient_kind<graph::conv2d_data> = gradient_of::data;
template <>
inline constexpr gradient_of gradient_kind<graph::conv2d_weights> = gradient_of::weights;

/// What a library of matrix products may do with a product d before it is stored: add a bias, apply a
/// function, store the function's argument or, of relu, a mask of a bit for each number (aux), multiply by
/// the function's slope at a stored argument or by relu's from its mask; or sum the product's right factor as
/// the gradient of a bias.
enum class epilogue {
    plain,
    bias,
    relu,
    relu_bias,
    relu_aux,
    relu_aux_bias,
    relu_slope,
    gelu,
    gelu_bias,
    gelu_aux,
    gelu_aux_bias,
    gelu_slope,
    bias_gradient
};
constexpr bool has_mask(epilogue e) {
    return e == epilogue::relu_aux || e == epilogue::relu_aux_bias || e == epilogue::relu_slope;
}
constexpr const char* name_of(epilogue e) {
    constexpr const char* names[] = {"",
                                     "bias",
                                     "relu",
                                     "bias + relu",
                                     "relu + its mask",
                                     "bias + relu + its mask",
                                     "relu' from its mask",
                                     "gelu_tanh",
                                     "bias + gelu_tanh",
                                     "keep + gelu_tanh",
                                     "bias + keep + gelu_tanh",
                                     "gelu_tanh'",
                                     "bias sums"};
    return names[int(e)];
}

/// What of a chain a library does: an epilogue for the first `steps` steps, and which of their operands are
/// the bias and the matrix of GELU's arguments (-1: none).
struct fused_steps {
    epilogue does = epilogue::plain;
    int steps = 0, bias = -1, aux = -1;
    constexpr bool operator==(const fused_steps&) const = default;

    /// Does it fit the sizes of a product, whose results have so many numbers in a row? (Where aux lies must
    /// fit too: its address is a multiple of 16.)
    constexpr bool fits(const graph::node& n, int rows) const {
        return (bias < 0 || (n.view.inner == 1 && n.view.channels == rows)) && (aux < 0 || rows % 8 == 0);
    }
};

/// The steps of a product and how they and its result are stored: bits as in a node's record.
struct product_steps {
    gradient_of kind;
    const graph::step* steps;
    int count;
    unsigned narrow_out, narrow_operands;

    constexpr bool has(int s, graph::step_kind kind, graph::operand_mode mode,
                       graph::function fn = graph::function::none) const {
        return s < count && steps[s].kind == kind && steps[s].mode == mode && steps[s].fn == fn;
    }
    constexpr bool applies(int s, graph::function fn) const {
        return has(s, graph::step_kind::apply, graph::operand_mode::same, fn);
    }
    /// Libraries' biases and arguments are stored as the result is.
    constexpr bool like_result(int s) const { return (narrow_operands >> s & 1) == (narrow_out & 1); }
};

/// Chains that begin as an epilogue does: of gemm, (bias) (relu), and (bias) (store) (gelu_tanh), since
/// cuBLASLt's GELU is the approximation by tanh; of gemm_data, the slope of gelu_tanh from its stored
/// argument, and that of relu where there is a mask (`masked`).
constexpr fused_steps fuse_steps(const product_steps& p, bool masked) {
    using enum graph::step_kind;
    using graph::function, graph::operand_mode;
    fused_steps f;
    if (p.kind == gradient_of::data) {
        if (masked && p.has(0, slope_from_y, operand_mode::same, function::relu))
            f = {epilogue::relu_slope, 1, -1, -1};
        else if (p.has(0, slope_from_x, operand_mode::same, function::gelu_tanh) && p.like_result(0))
            f = {epilogue::gelu_slope, 1, -1, 0};
        return f;
    }
    if (p.kind != gradient_of::nothing) return f;
    const bool biased = p.has(0, add, operand_mode::channel);
    const int next = biased;
    if (biased && !p.like_result(0)) return f;
    if (biased) f = {epilogue::bias, 1, 0, -1};
    if (p.applies(next, function::relu)) {
        f.does = masked   ? biased ? epilogue::relu_aux_bias : epilogue::relu_aux
                 : biased ? epilogue::relu_bias
                          : epilogue::relu;
        f.steps = next + 1;
    } else if (p.applies(next, function::gelu_tanh)) {
        f.does = biased ? epilogue::gelu_bias : epilogue::gelu;
        f.steps = next + 1;
    } else if (p.has(next, store, operand_mode::same) && p.like_result(next) &&
               p.applies(next + 1, function::gelu_tanh)) {
        f.does = biased ? epilogue::gelu_aux_bias : epilogue::gelu_aux;
        f.steps = next + 2;
        f.aux = next;
    }
    return f;
}

/// The same of an operation's chain.
template <gradient_of Kind, class Plain, unsigned NarrowOut, unsigned NarrowOperands>
struct fused_of;
template <gradient_of Kind, class Functions, graph::operand_mode Source, class... Steps, unsigned NarrowOut,
          unsigned NarrowOperands>
struct fused_of<Kind, chain<Functions, Source, Steps...>, NarrowOut, NarrowOperands> {
    static constexpr graph::step steps[] = {graph::step{Steps::kind, Steps::fn, Steps::mode, -1, {}}...,
                                            graph::step{}};
    static constexpr fused_steps value(bool masked) {
        return fuse_steps({Kind, steps, int(sizeof...(Steps)), NarrowOut, NarrowOperands}, masked);
    }
};
template <class Product, class Chain>
constexpr fused_steps fuse_chain(bool masked) {
    using elements = elements_of<Chain>;
    return fused_of<gradient_kind<Product>, typename elements::plain, elements::narrow_outputs,
                    elements::narrow_operands>::value(masked);
}

/// A chain without its first Count steps.
template <int Count, class Chain>
struct rest_of_chain {
    using type = Chain;
};
template <int Count, class Functions, graph::operand_mode Source, class First, class... Rest>
requires(Count > 0) struct rest_of_chain<Count, chain<Functions, Source, First, Rest...>> {
    using type = typename rest_of_chain<Count - 1, chain<Functions, Source, Rest...>>::type;
};

/// The arguments that go with it.
template <class T>
constexpr arguments<T> without_steps(arguments<T> a, int count) {
    for (int s = 0; s < graph::max_steps; ++s)
        a.operand[s] = s + count < graph::max_steps ? a.operand[s + count] : nullptr;
    return a;
}

}  // namespace weft::cuda_backend
