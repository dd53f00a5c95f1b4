#include <type_traits>
#include <weft/queries.hpp>
#include <weft/weft.hpp>

#include "catch.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto lenet =
    input<1, 28, 28>
    >> conv2d<6, kernel<5>, padding<2>> >> relu >> max_pool2d<2>
    >> conv2d<16, kernel<5>> >> relu >> max_pool2d<2>
    >> flatten >> dense<120> >> relu >> dense<84> >> relu >> dense<10>;
// clang-format on

}  // namespace

// Multiply-adds as one counts them by hand; biases, activations and the taps of pools on top.
static_assert(multiply_adds(lenet) == 6 * 28 * 28 * 25 + 16 * 10 * 10 * 6 * 25 + 400 * 120 + 120 * 84 + 840);
static_assert(flops(lenet) == 2 * multiply_adds(lenet) + 2 * 6 * 28 * 28 + 2 * 16 * 10 * 10 +
                                  4 * (6 * 14 * 14 + 16 * 5 * 5) + 2 * 120 + 2 * 84 + 10);

// Groups divide the work, strides and dilation change the number of results.
// clang-format off
constexpr auto grouped =
    input<4, 9, 8> >> conv2d<6, kernel<3, 2>, stride<2, 1>, padding<1>, dilation<1, 2>, groups<2>, no_bias>;
// clang-format on
static_assert(output_shape(grouped) == shape<6, 5, 8>{});
static_assert(multiply_adds(grouped) == 6 * 5 * 8 * 2 * 3 * 2 &&
              flops(grouped) == 2 * multiply_adds(grouped));
// Each row of a matrix goes through the same dense layer.
static_assert(multiply_adds(input<7, 4> >> dense<3>) == 7 * 4 * 3);
// A view costs nothing, dropout nothing in a prediction, batch norm a scale and a shift.
static_assert(flops(input<2, 3, 4> >> flatten >> dropout<0.5> >> reshape<24>) == 0);
static_assert(flops(input<2, 3, 4> >> batch_norm) == 2 * 24);

// Names nest, whatever is in between.
template <class In, class Out, class... Layers>
std::string names_of(network<In, Out, Layers...>) {
    std::string all;
    for (const graph::parameter_record& p : program<network<In, Out, Layers...>>::source.parameters)
        all += std::string(p.name) + " ";
    return all;
}
TEST_CASE("names nest, around one layer as around several") {
    constexpr auto one = dense<2, no_bias>;
    CHECK(names_of(input<3> >> named<"a">(one)) == "a.weight ");
    CHECK(names_of(input<3> >> named<"a">(named<"b">(one))) == "a.b.weight ");
    CHECK(names_of(input<3> >> named<"a">(named<"b">(named<"c">(one)))) == "a.b.c.weight ");
    CHECK(names_of(input<3> >> named<"a">(one >> named<"b">(one) >> one)) ==
          "a.0.weight a.b.weight a.2.weight ");
    CHECK(names_of(input<2> >> named<"a">(residual(named<"b">(one)))) == "a.body.b.weight ");
}

using boost::hana::tuple;
static_assert(
    std::is_same_v<decltype(shapes(input<1, 4, 4> >> conv2d<2, kernel<3>> >> relu >> flatten >> dense<3>)),
                   tuple<shape<2, 2, 2>, shape<2, 2, 2>, shape<8>, shape<3>>>);
static_assert(std::is_same_v<decltype(shapes(input<5>)), tuple<>>);
static_assert(
    std::is_same_v<decltype(shapes(input<5> >> residual(dense<5> >> relu) >> concat(identity, dense<2>))),
                   tuple<shape<5>, shape<7>>>);

TEST_CASE("fused operations count what they count apart") {
    using training =
        program<std::remove_cv_t<decltype(lenet)>, softmax_cross_entropy_loss<>, purpose::training>;
    std::int64_t fused = 0, apart = 0;
    for (const auto& n : training::graph.nodes) fused += graph::flops_of(n, training::facts).per_sample;
    for (const auto& n : training::unfused.nodes) apart += graph::flops_of(n, training::facts).per_sample;
    CHECK(fused == apart);
    CHECK(fused > 2 * flops(lenet));
}
