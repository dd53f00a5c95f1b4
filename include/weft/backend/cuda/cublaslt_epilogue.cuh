#pragma once

#include <cublasLt.h>

#include "../arguments.hpp"
#include "../chain.hpp"

namespace weft::cuda_backend {

/// What of a chain cuBLASLt does with its product: an epilogue for the first `steps` steps, and which of
/// their operands are the bias and the matrix of GELU's arguments (-1: none).
struct fused_steps {
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    int steps = 0, bias = -1, aux = -1;
};

/// Chains that begin as an epilogue does: of gemm, (bias) (relu), and (bias) (store) (gelu_tanh), since
/// cuBLASLt's GELU is the approximation by tanh; of gemm_data, the slope of gelu_tanh from its stored
/// argument. (Slopes of relu need a bit mask that weft's graph does not keep.)
template <graph::opcode Op, class... Steps>
constexpr fused_steps fuse_steps() {
    using enum graph::step_kind;
    using graph::function, graph::operand_mode;
    constexpr int count = int(sizeof...(Steps));
    constexpr graph::step_kind kind[] = {Steps::kind..., none, none, none};
    constexpr function fn[] = {Steps::fn..., function::none, function::none, function::none};
    constexpr operand_mode mode[] = {Steps::mode..., operand_mode::same, operand_mode::same,
                                     operand_mode::same};
    fused_steps f;
    if constexpr (Op == graph::opcode::gemm_data) {
        if (count > 0 && kind[0] == slope_from_x && fn[0] == function::gelu_tanh &&
            mode[0] == operand_mode::same)
            return {CUBLASLT_EPILOGUE_DGELU, 1, -1, 0};
        return f;
    }
    int next = 0;
    if (kind[0] == add && mode[0] == operand_mode::channel) {
        f = {CUBLASLT_EPILOGUE_BIAS, 1, 0, -1};
        next = 1;
    }
    const bool biased = next == 1;
    if (kind[next] == apply && fn[next] == function::relu) {
        f.epilogue = biased ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
        f.steps = next + 1;
    } else if (kind[next] == apply && fn[next] == function::gelu_tanh) {
        f.epilogue = biased ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
        f.steps = next + 1;
    } else if (kind[next] == store && mode[next] == operand_mode::same && kind[next + 1] == apply &&
               fn[next + 1] == function::gelu_tanh) {
        f.epilogue = biased ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_AUX;
        f.steps = next + 2;
        f.aux = next;
    }
    return f;
}

template <graph::opcode Op, class Chain>
struct fused_of;
template <graph::opcode Op, class Functions, graph::operand_mode Source, class... Steps>
struct fused_of<Op, chain<Functions, Source, Steps...>> {
    static constexpr fused_steps value = fuse_steps<Op, Steps...>();
};

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
