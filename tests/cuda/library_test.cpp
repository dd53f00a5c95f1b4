// Matrix products through a library that stores columns: a stand-in for cuBLASLt in plain loops, as its
// documentation describes it, so that transposes, sizes and epilogues are tested where there is no GPU.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <weft/backend/cuda/library_product.hpp>
#include <weft/backend/cuda/products.hpp>

#include "conformance/problem.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;
using cb::epilogue;

struct stand_in {
    bool epilogues = true, bias_gradients = true, fused_is_better = true;
    std::vector<epilogue> done = {};

    template <class T>
    bool can(const cb::library_problem& p, const cb::library_memory<T>&) const {
        if (p.does == epilogue::bias_gradient) return bias_gradients;
        return epilogues || p.does == epilogue::plain;
    }
    template <class Device, class Fused, class Apart>
    bool prefers(const cb::library_problem&, const Device&, const Fused&, const Apart& apart) const {
        if (!fused_is_better) apart();  // as a measurement does
        return fused_is_better;
    }
    template <class T, class Device>
    void multiply(const cb::library_problem& p, const cb::library_memory<T>& at, const Device&) {
        using enum epilogue;
        done.push_back(p.does);
        constexpr std::int32_t bits[2] = {};
        const auto function_of = [&](function f, T x) {
            return weft::reference_backend::apply<weft::graph::function_list<>>(f, bits, x);
        };
        const auto b_at = [&](std::int64_t k, std::int64_t j) {
            return at.b[p.transpose_b ? k * p.n + j : j * p.k + k];
        };
        for (std::int64_t j = 0; j < p.n; ++j) {
            for (std::int64_t i = 0; i < p.m; ++i) {
                T x = 0;
                for (std::int64_t k = 0; k < p.k; ++k)
                    x += at.a[p.transpose_a ? i * p.k + k : k * p.m + i] * b_at(k, j);
                const std::int64_t place = j * p.m + i;
                if (p.does == bias || p.does == relu_bias || p.does == gelu_bias || p.does == gelu_aux_bias)
                    x += at.bias[i];
                if (p.does == gelu_aux || p.does == gelu_aux_bias) at.aux[place] = x;
                if (p.does == relu || p.does == relu_bias) x = function_of(function::relu, x);
                if (p.does == gelu || p.does == gelu_bias || p.does == gelu_aux || p.does == gelu_aux_bias)
                    x = function_of(function::gelu_tanh, x);
                if (p.does == gelu_slope)
                    x *= weft::reference_backend::slope_from_x<weft::graph::function_list<>>(
                        function::gelu_tanh, bits, at.aux[place]);
                at.d[place] = x;
            }
            if (p.does != bias_gradient) continue;
            at.bias[j] = 0;
            for (std::int64_t k = 0; k < p.k; ++k) at.bias[j] += b_at(k, j);
        }
    }
};

template <step_kind Kind, function Fn = function::none, operand_mode Mode = operand_mode::same>
using step = weft::step_type<Kind, Fn, Mode, 0, 0>;
template <class... Steps>
using chain = weft::chain<weft::graph::function_list<>, operand_mode::same, Steps...>;
using bias_step = step<step_kind::add, function::none, operand_mode::channel>;
using store_step = step<step_kind::store>;
using relu_step = step<step_kind::apply, function::relu>;
using gelu_step = step<step_kind::apply, function::gelu_tanh>;
using residual_step = step<step_kind::add>;
using slope_step = step<step_kind::slope_from_x, function::gelu_tanh>;

/// What the library did, where the results are the reference's.
template <opcode Op, class Chain>
std::vector<epilogue> through(stand_in library, int outs, int k, bool bias_gradient = false) {
    rng r(unsigned(outs * 100 + k));
    problem<double> p;
    p.batch = 5;
    p.n.op = Op;
    p.n.attribute[0] = 3, p.n.attribute[1] = outs, p.n.attribute[2] = k;
    p.n.view = {3, Op == opcode::gemm ? outs : k, 1};
    const auto x = numbers<double>(r, std::size_t(15 * k)), y = numbers<double>(r, std::size_t(15 * outs)),
               w = numbers<double>(r, std::size_t(outs * k));
    p.in = Op == opcode::gemm        ? std::vector{x, w}
           : Op == opcode::gemm_data ? std::vector{y, w}
                                     : std::vector{x, y};
    p.out = {Op == opcode::gemm ? y.size() : Op == opcode::gemm_data ? x.size() : w.size()};
    if (bias_gradient) p.out.push_back(std::size_t(outs));
    set_steps(p.n, Chain{});
    fill_operands(p, r);
    weft::arguments<double> a;
    const cb::host_twin device;
    const outcome<double> got = [&] {
        outcome<double> o = prepare<double>(p, a);
        std::vector<double> scratch(cb::product_scratch<double>(p.n, p.batch));
        cb::library_products<cb::host_twin, stand_in, Op, Chain, double> products(device, library, p.n, a,
                                                                                  scratch.data());
        CHECK(products.run());
        return o;
    }();
    const outcome<double> want = on_reference<weft::graph::function_list<>>(p);
    compare(got.out, want.out, 100, "output");
    compare(got.operand, want.operand, 100, "operand");
    return library.done;
}
using list = std::vector<epilogue>;

}  // namespace

TEST_CASE("cuda library: chains that begin as an epilogue does") {
    using enum epilogue;
    const stand_in all;
    constexpr opcode gemm = opcode::gemm, data = opcode::gemm_data;
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
    CHECK(through<gemm, chain<bias_step, step<step_kind::apply, function::gelu>>>(all, 8, 4) == list{bias});
    CHECK(through<data, chain<slope_step, residual_step>>(all, 5, 24) == list{gelu_slope});
    CHECK(through<data, chain<residual_step, slope_step>>(all, 5, 24) == list{plain});
    CHECK(through<data, chain<>>(all, 5, 6) == list{plain});
    CHECK(through<opcode::gemm_weights, chain<>>(all, 5, 6) == list{plain});
    CHECK(through<opcode::gemm_weights, chain<>>(all, 5, 6, true) == list{bias_gradient});
}

TEST_CASE("cuda library: what it cannot do, or does slowly, is done in steps") {
    using enum epilogue;
    constexpr opcode gemm = opcode::gemm;
    using steps = chain<bias_step, store_step, gelu_step, residual_step>;
    CHECK(through<gemm, steps>({.epilogues = false}, 16, 4) == list{plain});
    CHECK(through<gemm, steps>({}, 12, 4) == list{plain});  // aux needs rows of 8
    CHECK(through<opcode::gemm_weights, chain<>>({.bias_gradients = false}, 5, 6, true) == list{plain});
    CHECK(through<opcode::gemm_weights, chain<>>({.bias_gradients = false}, 300, 6, true) == list{plain});
    CHECK(through<gemm, steps>({.fused_is_better = false}, 16, 4) == list{plain, plain});
}
