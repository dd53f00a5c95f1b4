// Shapes by static_assert: layers and combinators against PyTorch's formulas.
// clang-format off: it takes input<3> >> dense<4> for comparisons.
#include "catch.hpp"

#include <type_traits>

#include <weft/lang/combinators.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/lang/layers/shape.hpp>

using namespace weft;

namespace {

template <int... Sizes, class Net>
constexpr bool gives(Net net) {
    return std::is_same_v<decltype(output_shape(net)), shape<Sizes...>>;
}
template <class A, class B>
constexpr bool same(A, B) {
    return std::is_same_v<A, B>;
}

/// torch.nn.Conv2d's and MaxPool2d's formula, floor((n + 2p - d(k - 1) - 1) / s + 1).
constexpr int formula(int n, int k, int s, int p, int d) { return (n + 2 * p - d * (k - 1) - 1) / s + 1; }

// ---- dense ------------------------------------------------------------------------------------------------
static_assert(gives<3>(input<7> >> dense<3>));
static_assert(gives<5, 3>(input<5, 7> >> dense<3, no_bias>));
static_assert(gives<1>(input<1> >> dense<1, kaiming_normal>));

// ---- convolutions: values that PyTorch gives --------------------------------------------------------------
static_assert(gives<8, 15, 21>(input<3, 17, 23> >> conv2d<8, kernel<3>>));
static_assert(gives<8, 17, 23>(input<3, 17, 23> >> conv2d<8>));
static_assert(gives<8, 17, 23>(input<3, 17, 23> >> conv2d<8, kernel<3>, padding<1>>));
static_assert(gives<8, 9, 12>(input<3, 17, 23> >> conv2d<8, kernel<3>, padding<1>, stride<2>>));
static_assert(gives<8, 9, 12>(input<3, 18, 24> >> conv2d<8, kernel<3>, padding<1>, stride<2>>));
static_assert(gives<8, 8, 8>(input<3, 17, 23> >> conv2d<8, kernel<3, 5>, stride<2, 3>, padding<0, 2>>));
static_assert(gives<8, 13, 19>(input<3, 17, 23> >> conv2d<8, kernel<3>, dilation<2>>));
static_assert(gives<8, 15, 21>(input<3, 17, 23> >> conv2d<8, kernel<3>, dilation<2, 4>, padding<1, 3>>));
static_assert(gives<4, 7, 7>(input<6, 9, 9> >> conv2d<4, kernel<3>, groups<2>>));
static_assert(gives<64, 112, 112>(input<3, 224, 224> >> conv2d<64, kernel<7>, stride<2>, padding<3>>));
static_assert(gives<2, 1, 1>(input<1, 5, 5> >> conv2d<2, kernel<5>>));
static_assert(gives<2, 1, 1>(input<1, 5, 5> >> conv2d<2, kernel<2>, stride<4>>));
static_assert(gives<5, 7, 9>(input<5, 9, 11> >> depthwise_conv2d<1, kernel<3>>));
static_assert(gives<15, 5, 6>(input<5, 9, 11> >> depthwise_conv2d<3, kernel<3>, padding<1>, stride<2>>));

// ---- pools ------------------------------------------------------------------------------------------------
static_assert(gives<4, 4, 3>(input<4, 9, 7> >> max_pool2d<2>));
static_assert(gives<4, 5, 4>(input<4, 9, 7> >> max_pool2d<3, stride<2>, padding<1>>));
static_assert(gives<4, 4, 2>(input<4, 9, 7> >> max_pool2d<window{2, 3}>));
static_assert(gives<4, 7, 3>(input<4, 9, 7> >> avg_pool2d<window{3, 2}, stride<1, 2>>));
static_assert(gives<4, 3, 3>(input<4, 9, 7> >> avg_pool2d<3, padding<1>, exclude_padding>));
static_assert(gives<4>(input<4, 9, 7> >> global_avg_pool));
static_assert(gives<4, 18, 14>(input<4, 9, 7> >> upsample2d<2>));
static_assert(gives<4, 9, 21>(input<4, 9, 7> >> upsample2d<1, 3>));

// ---- shapes, normalisations, activations ------------------------------------------------------------------
static_assert(gives<252>(input<4, 9, 7> >> flatten));
static_assert(gives<12, 21>(input<4, 9, 7> >> reshape<12, 21>));
static_assert(gives<1, 2, 3, 4>(input<24> >> reshape<1, 2, 3, 4>));
static_assert(gives<4, 9, 7>(input<4, 9, 7> >> identity));
static_assert(gives<4, 9, 7>(input<4, 9, 7> >> batch_norm));
static_assert(gives<4, 9, 7>(input<4, 9, 7> >> batch_norm_with<no_affine, momentum<0.01>, epsilon<1e-3>>));
static_assert(gives<5, 8>(input<5, 8> >> layer_norm));
static_assert(gives<8>(input<8> >> dropout<0.5> >> dropout<0.>));
static_assert(gives<5, 8>(input<5, 8> >> softmax >> softmax_with<axis<0>> >> log_softmax >> log_softmax_with<axis<1>>));
static_assert(gives<2, 3>(input<2, 3> >> relu >> leaky_relu >> leaky_relu_with<0.2> >> elu >> elu_with<0.5> >> selu >>
                        gelu >> gelu_tanh >> silu >> mish >> hard_swish >> sigmoid >> weft::tanh >> softplus));

// ---- options in any order ---------------------------------------------------------------------------------
using plain = std::remove_cv_t<decltype(conv2d<8, kernel<3>, stride<2>, padding<1>, dilation<2>, groups<2>, no_bias>)>;
using mixed = std::remove_cv_t<decltype(conv2d<8, no_bias, groups<2>, dilation<2>, padding<1>, stride<2>, kernel<3>>)>;
static_assert(plain::output({4, 21, 14}).out == mixed::output({4, 21, 14}).out);
static_assert(plain::output({4, 21, 14}).out == extents{8, 10, 6});
static_assert(!plain::options.bias && !mixed::options.bias);
static_assert(gives<4, 5, 4>(input<4, 9, 7> >> max_pool2d<3, padding<1>, stride<2>>));

// ---- composition ------------------------------------------------------------------------------------------
static_assert(same((input<8> >> dense<4>) >> relu >> dense<2>, input<8> >> (dense<4> >> relu >> dense<2>)));
static_assert(same((dense<4> >> relu) >> (dense<2> >> softmax), dense<4> >> (relu >> dense<2>) >> softmax));
static_assert(same(repeat<1>(dense<4>), dense<4> >> block<>{}));
static_assert(same(repeat<3>(dense<4> >> relu), dense<4> >> relu >> dense<4> >> relu >> dense<4> >> relu));
static_assert(same(repeat<2>(repeat<2>(relu)), relu >> relu >> relu >> relu));
static_assert(decltype(repeat<100>(dense<4> >> relu))::size == 200);
static_assert(gives<8, 1, 1>(input<3, 9, 9> >> repeat<4>(conv2d<8, kernel<3>>)));

template <int Filters, int Step = 1>
constexpr auto conv3 = conv2d<Filters, kernel<3>, padding<1>, stride<Step>, no_bias> >> batch_norm >> relu;
static_assert(gives<16, 5, 5>(input<3, 9, 9> >> conv3<8, 2> >> conv3<16>));

// ---- combinators ------------------------------------------------------------------------------------------
static_assert(gives<8, 6, 6>(input<8, 6, 6> >> residual(conv3<8>)));
static_assert(gives<16, 3, 3>(input<8, 6, 6> >> residual(conv3<16, 2>, conv2d<16, stride<2>>) >> relu));
static_assert(gives<12, 6, 6>(input<3, 6, 6> >> concat(conv2d<4>, conv3<5>, max_pool2d<3, stride<1>, padding<1>>)));
static_assert(gives<7>(input<3> >> concat(dense<4>, identity)));
static_assert(gives<10, 3>(input<5, 3> >> concat(identity, identity)));
static_assert(gives<4>(input<3> >> add(dense<4>, dense<4>, dense<1>)));
static_assert(gives<4>(input<3> >> add(dense<1>, dense<4>)));
static_assert(gives<8, 6, 6>(input<8, 6, 6> >> multiply(identity, global_avg_pool >> dense<8> >> sigmoid >> reshape<8, 1, 1>)));
static_assert(gives<2>(input<3> >> named<"trunk">(dense<4> >> relu) >> named<"head">(dense<2>)));
static_assert(gives<8, 6, 6>(input<8, 6, 6> >> residual(concat(conv2d<3>, residual(conv3<8>) >> conv2d<5>))));
static_assert(same(input_shape(input<3, 4> >> flatten >> dense<2>), shape<3, 4>{}));

}  // namespace

TEST_CASE("windows follow PyTorch's formula for every size") {
    int checked = 0;
    for (int n = 1; n <= 23; ++n)
        for (int k = 1; k <= 5; ++k)
            for (int s = 1; s <= 4; ++s)
                for (int p = 0; p <= 3; ++p)
                    for (int d = 1; d <= 3; ++d) {
                        option_values o;
                        o.kernel[0] = k, o.stride[0] = s, o.padding[0] = p, o.dilation[0] = d;
                        o.kernel[1] = o.stride[1] = 1;
                        const shaped got = weft::detail::window_output(
                            {2, n, 9}, weft::detail::geometry_of({2, n, 9}, 3, o));
                        const bool possible = n + 2 * p >= d * (k - 1) + 1;
                        REQUIRE(got.ok() == possible);
                        if (possible) REQUIRE(got.out == extents{3, formula(n, k, s, p, d), 9});
                        if (!possible) REQUIRE(got.wanted == extents{d * (k - 1) + 1 - 2 * p, 1});
                        ++checked;
                    }
    CHECK(checked == 23 * 5 * 4 * 4 * 3);
}

TEST_CASE("a refusal says where it comes from") {
    using net = std::remove_cv_t<decltype(relu >> concat(conv2d<4>, conv2d<8> >> residual(relu >> dense<8>)))>;
    const shaped refused = net::output({3, 6, 6});
    CHECK_FALSE(refused.ok());
    CHECK(refused.needs == need::vector);
    CHECK(refused.got == extents{8, 6, 6});
    CHECK(refused.inner == 1);
    REQUIRE(refused.depth == 4);
    CHECK(refused.path[0] == 1);
    CHECK(refused.path[1] == 1);
    CHECK(refused.path[2] == 0);
    CHECK(refused.path[3] == 1);
}

TEST_CASE("a path too deep for its place keeps the outer parts") {
    shaped failure = refuse(need::image, {}, extents(3));
    for (int i = 1; i <= 6; ++i) failure = in_part(failure, i);
    CHECK(failure.depth == 8);
    CHECK(failure.path[0] == 6);
    CHECK(failure.path[6] == 3);
}

TEST_CASE("a shape of more numbers than an int counts is refused") {
    CHECK(accept({1 << 15, 1 << 15, 1}).ok());
    CHECK_FALSE(accept({1 << 16, 1 << 15, 1}).ok());
    CHECK(accept({1 << 16, 1 << 15, 1}).needs == need::countable);
}
