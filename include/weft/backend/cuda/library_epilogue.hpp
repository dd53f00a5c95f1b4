#pragma once

#include "../arguments.hpp"
#include "../chain.hpp"
#include "elements.hpp"

namespace weft::cuda_backend {

/// What a library of matrix products may do with a product d before it is stored: add a bias, apply a
/// function, store the function's argument (aux), multiply by the function's slope at a stored argument; or
/// sum the product's right factor as the gradient of a bias.
enum class epilogue {
    plain,
    bias,
    relu,
    relu_bias,
    gelu,
    gelu_bias,
    gelu_aux,
    gelu_aux_bias,
    gelu_slope,
    bias_gradient
};

/// What of a chain a library does: an epilogue for the first `steps` steps, and which of their operands are
/// the bias and the matrix of GELU's arguments (-1: none).
struct fused_steps {
    epilogue does = epilogue::plain;
    int steps = 0, bias = -1, aux = -1;
    constexpr bool operator==(const fused_steps&) const = default;
};

/// Chains that begin as an epilogue does: of gemm, (bias) (relu), and (bias) (store) (gelu_tanh), since
/// cuBLASLt's GELU is the approximation by tanh; of gemm_data, the slope of gelu_tanh from its stored
/// argument. (Its slope of relu needs a bit mask that weft's graph does not keep.)
template <graph::opcode Op, class... Steps>
constexpr fused_steps fuse_steps() {
    using enum graph::step_kind;
    using graph::function, graph::operand_mode;
    constexpr graph::step_kind kind[] = {Steps::kind..., none, none, none};
    constexpr function fn[] = {Steps::fn..., function::none, function::none, function::none};
    constexpr operand_mode mode[] = {Steps::mode..., operand_mode::same, operand_mode::same,
                                     operand_mode::same};
    fused_steps f;
    if (Op == graph::opcode::gemm_data) {
        if (kind[0] == slope_from_x && fn[0] == function::gelu_tanh && mode[0] == operand_mode::same)
            f = {epilogue::gelu_slope, 1, -1, 0};
        return f;
    }
    if (Op != graph::opcode::gemm) return f;
    const bool biased = kind[0] == add && mode[0] == operand_mode::channel;
    const int next = biased;
    if (biased) f = {epilogue::bias, 1, 0, -1};
    if (kind[next] == apply && fn[next] == function::relu) {
        f.does = biased ? epilogue::relu_bias : epilogue::relu;
        f.steps = next + 1;
    } else if (kind[next] == apply && fn[next] == function::gelu_tanh) {
        f.does = biased ? epilogue::gelu_bias : epilogue::gelu;
        f.steps = next + 1;
    } else if (kind[next] == store && mode[next] == operand_mode::same && kind[next + 1] == apply &&
               fn[next + 1] == function::gelu_tanh) {
        f.does = biased ? epilogue::gelu_aux_bias : epilogue::gelu_aux;
        f.steps = next + 2;
        f.aux = next;
    }
    return f;
}

template <graph::opcode Op, class Plain>
struct fused_of;
template <graph::opcode Op, class Functions, graph::operand_mode Source, class... Steps>
struct fused_of<Op, chain<Functions, Source, Steps...>> {
    static constexpr fused_steps value = fuse_steps<Op, Steps...>();
};

/// The same, up to a step whose operand is not stored as the result is: libraries' biases and arguments are.
template <graph::opcode Op, class Chain, class T>
constexpr fused_steps fuse_stored_steps() {
    constexpr fused_steps f = fused_of<Op, typename elements_of<Chain>::plain>::value;
    using out = output_type<Chain, 0, T>;
    constexpr bool bias = f.bias < 0 || std::is_same_v < operand_type<Chain, f.bias<0 ? 0 : f.bias, T>, out>,
                   aux = f.aux < 0 || std::is_same_v < operand_type<Chain, f.aux<0 ? 0 : f.aux, T>, out>;
    if constexpr (!bias || (!aux && f.bias < 0))
        return {};
    else if constexpr (!aux)
        return {epilogue::bias, 1, f.bias, -1};
    else
        return f;
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
