// The Thrust policy on CUDA compiles and links: every kernel with a chain behind it, and long ones. It runs
// nothing; network.cu does.
#include <cstdio>

#include "weft/thrust.hpp"

namespace {

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

using short_chain =
    weft::chain<weft::graph::function_list<cube>, operand_mode::same,
                weft::step_type<step_kind::add, function::none, operand_mode::channel, 0, 0>,
                weft::step_type<step_kind::store, function::none, operand_mode::same, 0, 0>,
                weft::step_type<step_kind::apply, function::custom, operand_mode::same, 0, 0>>;
using longest = weft::chain<
    weft::graph::function_list<cube>, operand_mode::same,
    weft::step_type<step_kind::add, function::none, operand_mode::channel, 0, 0>,
    weft::step_type<step_kind::store, function::none, operand_mode::same, 0, 0>,
    weft::step_type<step_kind::apply, function::gelu, operand_mode::same, 0, 0>,
    weft::step_type<step_kind::apply, function::custom, operand_mode::same, 0, 0>,
    weft::step_type<step_kind::dropout, function::none, operand_mode::same, weft::to_bits(0.5), 1>,
    weft::step_type<step_kind::slope_from_y, function::tanh, operand_mode::same, 0, 0>,
    weft::step_type<step_kind::slope_from_x, function::mish, operand_mode::same, 0, 0>>;

template <class Chain, class T, int First, int... Op>
void use_kernels(int chosen, const weft::graph::node& n, const weft::arguments<T>& a, T* scratch,
                 std::integer_sequence<int, Op...>) {
    ((chosen == First + Op
          ? weft::thrust_backend::run<weft::cuda_system, opcode(First + Op), Chain>(n, a, scratch)
          : void()),
     ...);
}
/// All operations but batch_norm and batch_norm_grad, which no graph that runs still holds.
template <class Chain, class T>
void use_kernels(int chosen) {
    constexpr int before = int(opcode::batch_norm), after = int(opcode::batch_norm_stats),
                  end = int(opcode::softmax_xent_grad) + 1;
    const weft::graph::node n;
    const weft::arguments<T> a;
    use_kernels<Chain, T, 1>(chosen, n, a, static_cast<T*>(nullptr),
                             std::make_integer_sequence<int, before - 1>{});
    use_kernels<Chain, T, after>(chosen, n, a, static_cast<T*>(nullptr),
                                 std::make_integer_sequence<int, end - after>{});
}

}  // namespace

int main(int argc, char**) {
    if (argc > 1) {
        use_kernels<short_chain, float>(argc);
        weft::thrust_backend::run<weft::cuda_system, opcode::elementwise, longest, float>(
            weft::graph::node(), weft::arguments<float>(), nullptr);
    }
    std::puts("the kernels are compiled and linked; none has run");
}
