// Products and convolutions on the twin of CUDA's kernels, of sizes that take each tile, way and cut.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include "cuda/problems.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;

/// Bias, a stored value, an activation and a residual sum.
using some_steps = chain<step<step_kind::add, operand_mode::channel>, step<step_kind::store>,
                         step<step_kind::apply, operand_mode::same, function::relu>, step<step_kind::add>>;

template <class Op, class Chain, class T>
void check_with(problem<T>& p, rng& r) {
    set_steps(p.n, Chain{});
    fill_operands(p, r);
    CAPTURE(int(number_of<Op>), p.batch, sizeof(T));
    check<Op, Chain>(p);
}

template <class Op, class Chain, class T>
void product(rng& r, int batch, int rows, int outs, int k) {
    CAPTURE(rows, outs, k);
    problem<T> p = product_of<Op, T>(batch, rows, outs, k, r);
    check_with<Op, Chain>(p, r);
}
template <class T>
void products_of(int batch, int rows, int outs, int k) {
    rng r(unsigned(batch + rows + outs + k));
    product<graph::gemm, chain<>, T>(r, batch, rows, outs, k);
    product<graph::gemm, some_steps, T>(r, batch, rows, outs, k);
    product<graph::gemm_data, some_steps, T>(r, batch, rows, outs, k);
    product<graph::gemm_weights, chain<>, T>(r, batch, rows, outs, k);
}

template <class Op, class Chain, class T>
cb::convolution_way convolution(rng& r, int batch, const weft::conv2d_geometry& g) {
    CAPTURE(g.channels, g.filters, g.groups, g.height, g.width, g.kernel_h, g.kernel_w);
    problem<T> p = convolution_of<Op, T>(batch, g, r);
    check_with<Op, Chain>(p, r);
    return cb::plan_of_convolution<T>(p.n.template as<Op>(), batch).way;
}
struct three_ways {
    cb::convolution_way forward, data, weights;
    bool operator==(const three_ways&) const = default;
};
template <class T>
three_ways convolutions_of(int batch, const weft::conv2d_geometry& g) {
    rng r(unsigned(batch + g.channels + g.filters));
    return {convolution<graph::conv2d, some_steps, T>(r, batch, g),
            convolution<graph::conv2d_data, some_steps, T>(r, batch, g),
            convolution<graph::conv2d_weights, chain<>, T>(r, batch, g)};
}
constexpr auto tiles = cb::convolution_way::tiles, direct = cb::convolution_way::direct,
               deep = cb::convolution_way::deep;

}  // namespace

TEST_CASE("cuda products: every tile, whole and cut") {
    using cb::plan_product, cb::tile_kind;
    STATIC_REQUIRE(plan_product<float>(1, 2000, 1300, 9).kind == tile_kind::large);
    STATIC_REQUIRE(plan_product<float>(1, 130, 131, 8500).kind == tile_kind::large);
    STATIC_REQUIRE(plan_product<float>(1, 130, 131, 8500).sizes.splits > 8);
    STATIC_REQUIRE(plan_product<float>(1, 65, 129, 100).kind == tile_kind::medium);
    STATIC_REQUIRE(plan_product<float>(1, 3, 129, 3000).kind == tile_kind::flat);
    STATIC_REQUIRE(plan_product<float>(1, 3, 129, 3000).sizes.splits > 8);
    for (auto [batch, rows, outs, k] : {std::array{1, 1, 1, 1},
                                        {65, 1, 129, 100},
                                        {3, 1, 129, 3001},
                                        {30, 5, 131, 517},
                                        {1000, 2, 1300, 9},
                                        {2500, 1, 21, 13}}) {
        products_of<float>(batch, rows, outs, k);
        products_of<double>(batch, rows, outs, k);
    }
    rng r(7);
    product<graph::gemm_weights, chain<>, float>(r, 8500, 1, 130, 131);
}

TEST_CASE("cuda products: scratch is enough for every batch up to the capacity") {
    const auto check = []<class Op>(const Op& p) {
        const std::size_t all = cb::kernel<Op>::template scratch<float>(graph::make_node(p), 700);
        for (int batch : {1, 15, 16, 17, 64, 300, 699})
            CHECK(cb::parts_scratch(cb::plan_of_product<float>(p, batch).sizes,
                                    is<Op, graph::gemm_weights>) <= all);
    };
    check(graph::gemm{{2, 130, 1000}});
    check(graph::gemm_data{{2, 130, 1000}});
    check(graph::gemm_weights{{2, 130, 1000}});
}

TEST_CASE("cuda convolutions: every way") {
    // many channels; the same strided; few channels; depthwise; wide kernels; planes whose size is no
    // multiple of a pack
    CHECK(convolutions_of<float>(3, {40, 12, 12, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1}) ==
          three_ways{tiles, tiles, tiles});
    CHECK(convolutions_of<double>(2, {72, 9, 8, 40, 3, 2, 2, 3, 1, 0, 1, 2, 2}) ==
          three_ways{tiles, tiles, tiles});
    CHECK(convolutions_of<float>(9, {1, 28, 28, 6, 5, 5, 1, 1, 2, 2, 1, 1, 1}) ==
          three_ways{direct, direct, deep});
    CHECK(convolutions_of<double>(5, {12, 15, 13, 12, 3, 3, 2, 1, 1, 1, 1, 2, 12}) ==
          three_ways{direct, direct, deep});
    CHECK(convolutions_of<float>(1, {2, 30, 30, 4, 23, 23, 1, 1, 11, 11, 1, 1, 2}).forward == tiles);
    CHECK(convolutions_of<float>(2, {300, 5, 5, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1}).forward == tiles);
    CHECK(convolutions_of<float>(4, {130, 9, 9, 136, 1, 1, 1, 1, 0, 0, 1, 1, 1}).data == tiles);
    // a direct one whose weights come in turns that begin where no pack does
    rng r(5);
    CHECK(convolution<graph::conv2d, chain<>, float>(r, 1, {12, 257, 257, 4, 7, 7, 1, 1, 3, 3, 1, 1, 1}) ==
          direct);
}

TEST_CASE("cuda division by a number known early") {
    rng r(3);
    for (int i = 0; i < 100000; ++i) {
        const int by = between(r, 1, i % 2 ? 70 : 2147483647), n = between(r, 0, i % 3 ? 5000 : 2147483647);
        REQUIRE(cb::divider(by)(n) == n / by);
    }
}
