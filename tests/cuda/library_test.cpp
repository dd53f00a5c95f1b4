// Matrix products through a library that stores columns: transposes, sizes and epilogues, tested where there
// is no GPU.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <weft/backend/cuda/products.hpp>

#include "cuda/narrow.hpp"
#include "cuda/product_stand_in.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;
using cb::epilogue;
using product_stand_in::stand_in;
using weft::bfloat16;
using weft::float16;

using bias_step = step<step_kind::add, operand_mode::channel>;
using store_step = step<step_kind::store>;
using relu_step = step<step_kind::apply, operand_mode::same, function::relu>;
using gelu_step = step<step_kind::apply, operand_mode::same, function::gelu_tanh>;
using residual_step = step<step_kind::add>;
using slope_step = step<step_kind::slope_from_x, operand_mode::same, function::gelu_tanh>;

template <class Op, class Chain, class T>
problem<T> some_product(int outs, int k, bool bias_gradient) {
    rng r(unsigned(outs * 100 + k));
    problem<T> p = product_of<Op, T>(5, 3, outs, k, r);
    if (is<Op, graph::gemm_weights>) p.out[1] = bias_gradient ? std::size_t(outs) : 0;
    set_steps(p.n, Chain{});
    fill_operands(p, r);
    return p;
}
template <class Op, class Chain, class T>
std::vector<epilogue> run_in(stand_in& library, const problem<T>& p, const weft::arguments<T>& a) {
    const cb::host_twin device;
    std::vector<T> scratch(cb::kernel<Op>::template scratch<T>(p.n, p.batch));
    cb::library_products<cb::host_twin, stand_in, Op, Chain, T> products(device, library, p.n, a,
                                                                         scratch.data());
    CHECK(products.run());
    return library.done;
}

/// What the library did, where the results are the reference's.
template <class Op, class Chain>
std::vector<epilogue> through(stand_in library, int outs, int k, bool bias_gradient = false) {
    const problem<double> p = some_product<Op, Chain, double>(outs, k, bias_gradient);
    weft::arguments<double> a;
    const outcome<double> got = prepare<double>(p, a);
    const std::vector<epilogue> done = run_in<Op, Chain>(library, p, a);
    const outcome<double> want = on_reference<Op>(p);
    compare(got.out, want.out, 100, "output");
    compare(got.operand, want.operand, 100, "operand");
    return done;
}

/// The same with what Out and Operands say in 16 bits, and both factors.
template <class Op, class Chain, class Narrow, unsigned Out, unsigned Operands = 0>
std::vector<epilogue> narrow_through(stand_in library, int outs, int k, bool bias_gradient = false) {
    problem<float> p = some_product<Op, Chain, float>(outs, k, bias_gradient);
    round_to<Narrow>(p.in, 3);
    round_to<Narrow>(p.operand, Operands);
    std::vector<std::vector<float>> nothing;
    for (std::size_t size : p.out) nothing.emplace_back(size, std::numeric_limits<float>::quiet_NaN());
    auto in = stored<Narrow>(p.in, 3), out = stored<Narrow>(nothing, Out),
         operand = stored<Narrow>(p.operand, Operands);
    weft::arguments<float> a;
    point_to(in, a.in);
    point_to(out, a.out);
    point_to(operand, a.operand);
    a.batch = p.batch;
    const std::vector<epilogue> done =
        run_in<Op, cb::narrow_chain<Chain, Narrow, 3, Out, Operands>>(library, p, a);
    const outcome<double> want = on_reference<Op>(p);
    // Steps that are apart begin with a result that was rounded.
    const auto compare = [](const auto& all, const std::vector<std::vector<double>>& with) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(all[i].is_within());
            REQUIRE(all[i].size() == with[i].size());
            const double epsilon = Out != 0 || all[i].is_narrow() ? 2 * double(Narrow::epsilon) : 1e-5;
            for (std::size_t e = 0; e < all[i].size(); ++e)
                REQUIRE(double(all[i][e]) == Approx(with[i][e]).epsilon(epsilon).margin(epsilon));
        }
    };
    compare(out, want.out);
    compare(operand, want.operand);
    return done;
}
using list = std::vector<epilogue>;

}  // namespace

TEST_CASE("cuda library: chains that begin as an epilogue does") {
    using enum epilogue;
    const stand_in all;
    using gemm = graph::gemm;
    using data = graph::gemm_data;
    CHECK(through<gemm, chain<>>(all, 7, 11) == list{plain});
    CHECK(through<gemm, chain<residual_step>>(all, 7, 11) == list{plain});
    CHECK(through<gemm, chain<bias_step>>(all, 7, 11) == list{bias});
    CHECK(through<gemm, chain<relu_step>>(all, 7, 11) == list{relu});
    CHECK(through<gemm, chain<bias_step, relu_step, residual_step>>(all, 9, 4) == list{relu_bias});
    CHECK(through<gemm, chain<bias_step, store_step, relu_step>>(all, 9, 4) == list{bias});
    CHECK(through<gemm, chain<gelu_step, store_step>>(all, 9, 4) == list{gelu});
    CHECK(through<gemm, chain<bias_step, gelu_step>>(all, 9, 4) == list{gelu_bias});
    CHECK(through<gemm, chain<store_step, gelu_step>>(all, 16, 4) == list{gelu_aux});
    CHECK(through<gemm, chain<bias_step, store_step, gelu_step, residual_step>>(all, 16, 4) ==
          list{gelu_aux_bias});
    CHECK(through<gemm, chain<bias_step, step<step_kind::apply, operand_mode::same, function::gelu>>>(
              all, 8, 4) == list{bias});
    CHECK(through<data, chain<slope_step, residual_step>>(all, 5, 24) == list{gelu_slope});
    CHECK(through<data, chain<residual_step, slope_step>>(all, 5, 24) == list{plain});
    CHECK(through<data, chain<>>(all, 5, 6) == list{plain});
    CHECK(through<graph::gemm_weights, chain<>>(all, 5, 6) == list{plain});
    CHECK(through<graph::gemm_weights, chain<>>(all, 5, 6, true) == list{bias_gradient});
}

TEST_CASE("cuda library: what it cannot do, or does slowly, is done in steps") {
    using enum epilogue;
    using gemm = graph::gemm;
    using steps = chain<bias_step, store_step, gelu_step, residual_step>;
    CHECK(through<gemm, steps>({.epilogues = false}, 16, 4) == list{plain});
    CHECK(through<gemm, steps>({}, 12, 4) == list{plain});  // aux needs rows of 8
    CHECK(through<graph::gemm_weights, chain<>>({.bias_gradients = false}, 5, 6, true) == list{plain});
    CHECK(through<graph::gemm_weights, chain<>>({.bias_gradients = false}, 300, 6, true) == list{plain});
    CHECK(through<gemm, steps>({.fused_is_better = false}, 16, 4) == list{plain, plain});
}

TEST_CASE("cuda library: of numbers in 16 bits, epilogues whose operands are stored as the result is") {
    using enum epilogue;
    const stand_in all;
    using gemm = graph::gemm;
    using data = graph::gemm_data;
    using weights = graph::gemm_weights;
    CHECK(narrow_through<gemm, chain<>, float16, 1>(all, 7, 11) == list{plain});
    CHECK(narrow_through<gemm, chain<>, bfloat16, 0>(all, 7, 11) == list{plain});
    CHECK(narrow_through<gemm, chain<relu_step>, bfloat16, 1>(all, 7, 11) == list{relu});
    using dense = chain<bias_step, relu_step, residual_step>;
    CHECK(narrow_through<gemm, dense, float16, 1, 0b101>(all, 9, 4) == list{relu_bias});
    CHECK(narrow_through<gemm, dense, float16, 1, 0b001>(all, 9, 4) == list{relu_bias});
    CHECK(narrow_through<gemm, dense, bfloat16, 1, 0b100>(all, 9, 4) == list{plain});
    CHECK(narrow_through<gemm, dense, bfloat16, 0, 0b100>(all, 9, 4) == list{relu_bias});
    CHECK(narrow_through<gemm, dense, bfloat16, 0, 0b001>(all, 9, 4) == list{plain});
    using gelus = chain<bias_step, store_step, gelu_step, residual_step>;
    CHECK(narrow_through<gemm, gelus, float16, 1, 0b1011>(all, 16, 4) == list{gelu_aux_bias});
    CHECK(narrow_through<gemm, gelus, bfloat16, 1, 0b0001>(all, 16, 4) == list{bias});
    CHECK(narrow_through<gemm, gelus, bfloat16, 0, 0b0010>(all, 16, 4) == list{bias});
    CHECK(narrow_through<gemm, gelus, bfloat16, 0>(all, 16, 4) == list{gelu_aux_bias});
    CHECK(narrow_through<gemm, chain<store_step, gelu_step>, float16, 1, 1>(all, 16, 4) == list{gelu_aux});
    CHECK(narrow_through<gemm, chain<store_step, gelu_step>, float16, 1, 0>(all, 16, 4) == list{plain});
    using slopes = chain<slope_step, residual_step>;
    CHECK(narrow_through<data, slopes, float16, 1, 0b11>(all, 5, 24) == list{gelu_slope});
    CHECK(narrow_through<data, slopes, bfloat16, 1, 0b10>(all, 5, 24) == list{plain});
    CHECK(narrow_through<data, slopes, bfloat16, 0, 0b10>(all, 5, 24) == list{gelu_slope});
    CHECK(narrow_through<weights, chain<>, float16, 0>(all, 5, 6) == list{plain});
    CHECK(narrow_through<weights, chain<>, bfloat16, 0>(all, 5, 6, true) == list{bias_gradient});
    const stand_in few{.epilogues = false, .bias_gradients = false};
    CHECK(narrow_through<weights, chain<>, float16, 0>(few, 300, 6, true) == list{plain});
    CHECK(narrow_through<gemm, gelus, float16, 1, 0b1011>(few, 16, 4) == list{plain});
}

TEST_CASE("cuda library: what numbers are stored as is part of a problem") {
    using enum cb::stored_as;
    const cb::library_problem p{epilogue::plain, true, false, 3, 4, 5, f16, f16};
    cb::library_problem q = p;
    CHECK(q == p);
    q.result = f32;
    CHECK(q != p);
    q = p;
    q.factors = bf16;
    CHECK(q != p);
}
