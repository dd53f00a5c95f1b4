// The Thrust policy on CUDA compiles and links: every kernel with a chain behind it, and long ones. It runs
// nothing; network.cu does.
#include <cstdio>

#include "weft/thrust.hpp"

namespace {

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

template <class Op, class Chain>
void use() {
    weft::thrust_backend::kernel<Op>::template run<Chain>(
        weft::cuda_system(), graph::node(), weft::arguments<float>(), static_cast<float*>(nullptr));
}
/// All primitives that run: none that becomes others before.
template <class... Op>
void use_kernels(int chosen, graph::primitive_list<Op...>) {
    const auto one = [&]<class P>(P) {
        if constexpr ((graph::traits_of<P> & graph::expands) == 0)
            if (chosen == 1 + int(graph::opcode_of<P>)) use<P, short_chain>();
    };
    (one(Op()), ...);
}

}  // namespace

int main(int argc, char**) {
    if (argc > 1) {
        use_kernels(argc, graph::primitives{});
        use<graph::elementwise, longest>();
    }
    std::puts("the kernels are compiled and linked; none has run");
}
