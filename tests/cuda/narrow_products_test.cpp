// Products and convolutions of numbers in 16 bits, beside the same with floats: every tile, way and cut, with
// results that are narrow or wide and chains behind them.
#include "cuda/narrow.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;
using weft::bfloat16;
using weft::float16;

/// Bias, a stored value, an activation and a residual sum.
using some_steps = chain<step<step_kind::add, operand_mode::channel>, step<step_kind::store>,
                         step<step_kind::apply, operand_mode::same, function::relu>, step<step_kind::add>>;

/// What mixed precision makes of a product: factors are narrow, results and operands may be, and the
/// gradients of parameters are not.
template <class Op, class Make>
void check_product(const Make& make, int rounds) {
    if constexpr (is<Op, graph::gemm_weights> || is<Op, graph::conv2d_weights>) {
        check_widths<Op, float16, 3, 0>(make, rounds);
        check_widths<Op, bfloat16, 3, 0>(make, rounds);
    } else {
        check_widths<Op, float16, 3, 1>(make, rounds);
        check_widths<Op, float16, 3, 1, some_steps, 0b1111>(make, rounds);
        check_widths<Op, bfloat16, 3, 1, some_steps, 0b1001>(make, rounds);
        check_widths<Op, bfloat16, 3, 1, some_steps, 0b0010>(make, rounds);
        check_widths<Op, bfloat16, 3, 0, some_steps, 0b1010>(make, rounds);
        check_widths<Op, bfloat16, 3, 0, some_steps>(make, rounds);
    }
}

template <class Op>
void check_products() {
    check_product<Op>(product<Op, float>, 15);
    for (const std::array<int, 4>& s : {std::array{1, 1, 1, 1},
                                        {65, 1, 129, 100},
                                        {3, 1, 129, 3001},
                                        {30, 5, 132, 516},
                                        {600, 2, 1300, 8},
                                        {70, 1, 100, 128}})
        check_product<Op>([&](rng& r) { return product_of<Op, float>(s[0], s[1], s[2], s[3], r); }, 1);
}

template <class Op>
void check_convolutions() {
    check_product<Op>(convolution<Op, float>, 15);
    for (const std::pair<int, weft::conv2d_geometry>& s :
         {std::pair{3, weft::conv2d_geometry{40, 12, 12, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1}},
          {2, {72, 9, 8, 40, 3, 2, 2, 3, 1, 0, 1, 2, 2}},
          {9, {1, 28, 28, 6, 5, 5, 1, 1, 2, 2, 1, 1, 1}},
          {5, {12, 15, 13, 12, 3, 3, 2, 1, 1, 1, 1, 2, 12}},
          {1, {2, 30, 30, 4, 23, 23, 1, 1, 11, 11, 1, 1, 2}},
          {2, {300, 5, 5, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1}},
          {4, {68, 8, 8, 136, 1, 1, 1, 1, 0, 0, 1, 1, 1}}})
        check_product<Op>([&](rng& r) { return convolution_of<Op, float>(s.first, s.second, r); }, 1);
}

}  // namespace

TEST_CASE("cuda: products of narrow numbers") {
    check_products<graph::gemm>();
    check_products<graph::gemm_data>();
    check_products<graph::gemm_weights>();
}

TEST_CASE("cuda: convolutions of narrow numbers") {
    check_convolutions<graph::conv2d>();
    check_convolutions<graph::conv2d_data>();
    check_convolutions<graph::conv2d_weights>();
}

TEST_CASE("cuda: a product of many narrow rows, in large tiles") {
    STATIC_REQUIRE(cb::plan_product<float>(1, 2000, 1300, 9).kind == cb::tile_kind::large);
    STATIC_REQUIRE(cb::plan_product<float>(1, 130, 131, 8500).kind == cb::tile_kind::large);
    const auto flat = [](rng& r) { return product_of<graph::gemm, float>(1000, 2, 1300, 9, r); };
    check_widths<graph::gemm, bfloat16, 3, 1, some_steps, 0b1001>(flat, 1);
    const auto deep = [](rng& r) { return product_of<graph::gemm_weights, float>(8500, 1, 130, 131, r); };
    check_widths<graph::gemm_weights, bfloat16, 3, 0>(deep, 1);
}
