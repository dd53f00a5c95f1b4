// The kernels of the CUDA policy compile and link, with a chain behind each that takes one. It runs nothing.
#include <cstdio>
#include <utility>

#include "weft/backend/cuda/execution/stream.cuh"
#include "weft/backend/cuda/fused_mlp/fused_mlp.hpp"
#include "weft/backend/cuda/guarded_update.hpp"
#include "weft/backend/cuda/kernels.hpp"
#include "weft/core/float16.hpp"
#include "weft/lang/layers/activation.hpp"
#include "weft/lang/layers/dense.hpp"
#include "weft/program.hpp"
#include "weft/train/loss/cross_entropy.hpp"
#include "weft/train/optimizers/adam.hpp"

namespace {

using weft::cuda_backend::stream;
using weft::graph::function;
namespace graph = weft::graph;
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

/// Steps follow where the primitive takes them.
template <class Op>
using some_chain =
    std::conditional_t<(graph::traits_of<Op> & graph::takes_steps) != 0, short_chain, no_chain>;

template <class Op, class Chain, class T>
void use(const stream& s) {
    weft::cuda_backend::kernel<Op>::template run<Chain>(s, graph::node(), weft::arguments<T>(),
                                                        static_cast<T*>(nullptr));
}
/// All primitives that run: none that becomes others before.
template <class T, class... Op>
void use_kernels(int chosen, const stream& s, graph::primitive_list<Op...>) {
    const auto one = [&]<class P>(P) {
        if constexpr ((graph::traits_of<P> & graph::expands) == 0)
            if (chosen == 1 + int(graph::opcode_of<P>)) use<P, some_chain<P>, T>(s);
    };
    (one(Op()), ...);
}

/// A kernel with what may be narrow of its inputs and outputs. Narrow chains are compiled behind a few: they
/// are the same behind all.
template <class Narrow, class Op, unsigned In, unsigned Out>
void use_narrow(int chosen, const stream& s) {
    constexpr bool with_steps = std::is_same_v<Op, graph::elementwise> ||
                                std::is_same_v<Op, graph::softmax> || std::is_same_v<Op, graph::concat>;
    using chain = std::conditional_t<with_steps, short_chain, no_chain>;
    if (chosen == 1 + int(graph::opcode_of<Op>))
        use<Op, weft::cuda_backend::narrow_chain<chain, Narrow, In, Out, (with_steps ? 3 : 0)>, float>(s);
}
void use_narrow_kernels(int chosen, const stream& s) {
    using weft::bfloat16, weft::float16;
    use_narrow<bfloat16, graph::elementwise, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::max_pool2d, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::max_pool2d_grad, 3, 1>(chosen, s);
    use_narrow<bfloat16, graph::avg_pool2d, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::avg_pool2d_grad, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::upsample2d, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::upsample2d_grad, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::reduce, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::softmax, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::softmax_grad, 3, 1>(chosen, s);
    use_narrow<bfloat16, graph::log_softmax, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::log_softmax_grad, 3, 1>(chosen, s);
    use_narrow<bfloat16, graph::layer_norm, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::layer_norm_grad, 3, 1>(chosen, s);
    use_narrow<bfloat16, graph::batch_norm_stats, 1, 0>(chosen, s);
    use_narrow<bfloat16, graph::batch_norm_sums, 3, 0>(chosen, s);
    use_narrow<bfloat16, graph::concat, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::slice, 1, 1>(chosen, s);
    use_narrow<bfloat16, graph::pick_nll, 1, 0>(chosen, s);
    use_narrow<bfloat16, graph::pick_nll_grad, 0, 1>(chosen, s);
    use_narrow<bfloat16, graph::softmax_xent, 1, 4>(chosen, s);
    use_narrow<bfloat16, graph::softmax_xent_grad, 2, 1>(chosen, s);
    use_narrow<float16, graph::elementwise, 1, 1>(chosen, s);
    use_narrow<float16, graph::max_pool2d_grad, 3, 1>(chosen, s);
    use_narrow<float16, graph::softmax, 1, 1>(chosen, s);
    use_narrow<float16, graph::layer_norm_grad, 3, 1>(chosen, s);
    use_narrow<float16, graph::concat, 1, 1>(chosen, s);
}

/// Products of numbers in 16 bits, which tensor cores multiply; in the end, of a wide result.
template <class Narrow, unsigned Out, class... Op>
void use_narrow_products(const stream& s) {
    (use<Op, weft::cuda_backend::narrow_chain<some_chain<Op>, Narrow, 3, Out, 3 * Out>, float>(s), ...);
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
        use_kernels<float>(argc, s, graph::primitives{});
        use<graph::softmax, short_chain, double>(s);
        use_narrow_products<weft::float16, 1, graph::gemm, graph::conv2d_data>(s);
        use_narrow_products<weft::bfloat16, 1, graph::gemm_data, graph::conv2d>(s);
        use_narrow_products<weft::bfloat16, 0, graph::gemm_weights, graph::conv2d_weights>(s);
        use_narrow_kernels(argc, s);
        use_fused_mlp(s, x);
        use<graph::elementwise, longest, float>(s);
        weft::cuda_backend::finish<short_chain>(s, weft::graph::node(), weft::arguments<double>());
        const decltype(weft::adam{}.at<float>(1, 1e-3f))* rule = nullptr;
        weft::cuda_backend::guarded_update<weft::adam::slots>(s, rule, nullptr, 0, 0, 0, x, x, x);
    }
    std::puts("the kernels are compiled and linked; none has run");
}
