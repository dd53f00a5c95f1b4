// The kernels of the CUDA policy compile and link, with a chain behind each that takes one. It runs nothing.
#include <cstdio>
#include <utility>

#include "weft/backend/cuda/execution/stream.cuh"
#include "weft/backend/cuda/fused_mlp/fused_mlp.hpp"
#include "weft/backend/cuda/guarded_update.hpp"
#include "weft/backend/cuda/kernel.hpp"
#include "weft/core/float16.hpp"
#include "weft/lang/layers/activation.hpp"
#include "weft/lang/layers/dense.hpp"
#include "weft/program.hpp"
#include "weft/train/loss/cross_entropy.hpp"
#include "weft/train/optimizers/adam.hpp"

namespace {

using weft::cuda_backend::stream;
using weft::graph::function;
using weft::graph::opcode;
using weft::graph::operand_mode;
using weft::graph::step_kind;

/// A user's own function must be a device function too.
struct cube {
    template <class T>
    WEFT_DEVICE static constexpr T value(T x) {
        return x * x * x;
    }
    template <class T>
    WEFT_DEVICE static constexpr T slope(T x) {
        return 3 * x * x;
    }
};

template <step_kind Kind, function Fn = function::none, operand_mode Mode = operand_mode::same,
          std::int32_t Bits0 = 0>
using step = weft::step_type<Kind, Fn, Mode, Bits0, 0>;
using no_chain = weft::chain<weft::graph::function_list<>, operand_mode::same>;
using short_chain = weft::chain<weft::graph::function_list<cube>, operand_mode::same,
                                step<step_kind::add, function::none, operand_mode::channel>,
                                step<step_kind::store>, step<step_kind::apply, function::custom>>;
using longest =
    weft::chain<weft::graph::function_list<cube>, operand_mode::channel,
                step<step_kind::add, function::none, operand_mode::channel>, step<step_kind::store>,
                step<step_kind::apply, function::gelu>, step<step_kind::apply, function::custom>,
                step<step_kind::dropout, function::none, operand_mode::same, weft::to_bits(0.5)>,
                step<step_kind::slope_from_y, function::tanh>, step<step_kind::slope_from_x, function::mish>>;

/// Operations that a chain follows, and those that stand alone.
constexpr bool takes_chain(opcode op) {
    using enum opcode;
    return !(op == gemm_weights || op == conv2d_weights || op == reduce || op == layer_norm ||
             op == batch_norm_stats || op == batch_norm_coeffs || op == batch_norm_sums || op == pick_nll ||
             op == pick_nll_grad || op == softmax_xent || op == softmax_xent_grad);
}

template <class T, opcode Op>
void use_kernel(const stream& s) {
    // batch_norm and batch_norm_grad are in no graph that runs
    if constexpr (Op != opcode::batch_norm && Op != opcode::batch_norm_grad)
        weft::cuda_backend::run<Op, std::conditional_t<takes_chain(Op), short_chain, no_chain>>(
            s, weft::graph::node(), weft::arguments<T>(), static_cast<T*>(nullptr));
}
/// What may be narrow of an operation's inputs and outputs.
constexpr unsigned narrow_inputs(opcode op) {
    using enum opcode;
    if (op == pick_nll_grad) return 0;
    if (op == softmax_xent_grad) return 2;
    return op == max_pool2d_grad || op == softmax_grad || op == log_softmax_grad || op == layer_norm_grad ||
                   op == batch_norm_sums
               ? 3
               : 1;
}
constexpr unsigned narrow_outputs(opcode op) {
    using enum opcode;
    return op == softmax_xent ? 4 : op == pick_nll || op == batch_norm_stats || op == batch_norm_sums ? 0 : 1;
}
/// Narrow chains are compiled behind a few: they are the same behind all.
template <opcode Op>
inline constexpr bool with_steps = Op == opcode::elementwise || Op == opcode::softmax || Op == opcode::concat;
template <class Narrow, opcode... Op>
void use_narrow_kernels(int chosen, const stream& s) {
    ((chosen == int(Op)
          ? weft::cuda_backend::run<Op, weft::cuda_backend::narrow_chain<
                                            std::conditional_t<with_steps<Op>, short_chain, no_chain>, Narrow,
                                            narrow_inputs(Op), narrow_outputs(Op), (with_steps<Op> ? 3 : 0)>>(
                s, weft::graph::node(), weft::arguments<float>(), static_cast<float*>(nullptr))
          : void()),
     ...);
}
template <class T, int... Op>
void use_kernels(int chosen, const stream& s, std::integer_sequence<int, Op...>) {
    ((chosen == 1 + Op ? use_kernel<T, opcode(1 + Op)>(s) : void()), ...);
}

/// Products of numbers in 16 bits, which tensor cores multiply; in the end, of a wide result.
template <class Narrow, unsigned Out, opcode... Op>
void use_narrow_products(const stream& s) {
    (weft::cuda_backend::run<
         Op, weft::cuda_backend::narrow_chain<std::conditional_t<takes_chain(Op), short_chain, no_chain>,
                                              Narrow, 3, Out, 3 * Out>>(
         s, weft::graph::node(), weft::arguments<float>(), static_cast<float*>(nullptr)),
     ...);
}

// clang-format off
constexpr auto dense_chain = weft::input<64> >> weft::dense<64> >> weft::gelu >> weft::dense<10>;
constexpr auto wide_chain = weft::input<200> >> weft::dense<256> >> weft::relu >> weft::dense<10>;
// clang-format on

/// Whole chains of dense layers: predictions in registers and in shared memory, and training.
void use_fused_mlp(const stream& s, float* x) {
    using namespace weft;
    using cuda_backend::fused_mlp;
    using network = std::remove_const_t<decltype(dense_chain)>;
    using wide = std::remove_const_t<decltype(wide_chain)>;
    fused_mlp<program<network>, float16>::run(s, x, x, x, 1);
    fused_mlp<program<wide>, bfloat16>::run(s, x, x, x, 1);
    using training = program<network, softmax_cross_entropy_loss<>, purpose::training, precision::scaled>;
    cuda_backend::fused_mlp_training<training, float16>::run(s, x, x, x, x, x, x, x, x, 1);
}

}  // namespace

int main(int argc, char**) {
    if (argc > 1) {
        const stream s;
        float* x = nullptr;
        use_kernels<float>(argc, s, std::make_integer_sequence<int, int(opcode::softmax_xent_grad)>{});
        use_kernel<double, opcode::softmax>(s);
        using enum opcode;
        use_narrow_products<weft::float16, 1, gemm, conv2d_data>(s);
        use_narrow_products<weft::bfloat16, 1, gemm_data, conv2d>(s);
        use_narrow_products<weft::bfloat16, 0, gemm_weights, conv2d_weights>(s);
        {
            using enum opcode;
            use_narrow_kernels<weft::bfloat16, elementwise, max_pool2d, max_pool2d_grad, avg_pool2d,
                               avg_pool2d_grad, upsample2d, upsample2d_grad, reduce, softmax, softmax_grad,
                               log_softmax, log_softmax_grad, layer_norm, layer_norm_grad, batch_norm_stats,
                               batch_norm_sums, concat, slice, pick_nll, pick_nll_grad, softmax_xent,
                               softmax_xent_grad>(argc, s);
            use_narrow_kernels<weft::float16, elementwise, max_pool2d_grad, softmax, layer_norm_grad, concat>(
                argc, s);
        }
        use_fused_mlp(s, x);
        weft::cuda_backend::run<opcode::elementwise, longest>(s, weft::graph::node(),
                                                              weft::arguments<float>(), x);
        weft::cuda_backend::finish<short_chain>(s, weft::graph::node(), weft::arguments<double>());
        const decltype(weft::adam{}.at<float>(1, 1e-3f))* rule = nullptr;
        weft::cuda_backend::guarded_update<weft::adam::slots>(s, rule, nullptr, 0, 0, 0, x, x, x);
    }
    std::puts("the kernels are compiled and linked; none has run");
}
