// Every public name beside `using namespace std` and the C library's headers, and beside macros called min
// and max. Compiling is the test.
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmath>
#include <complex>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <random>

#include "catch.hpp"

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

#include <weft/weft.hpp>
// after it
#include <weft/data/csv.hpp>
#include <weft/data/digits.hpp>
#include <weft/data/mnist.hpp>
#include <weft/metrics/metrics.hpp>

using namespace std;
using namespace weft;

static_assert(min(1, 2) == 1 && max(1, 2) == 2, "the program's macros are its own again");

namespace {

// clang-format off
constexpr auto activations = relu >> leaky_relu >> leaky_relu_with<0.2> >> elu >> elu_with<0.5> >> selu >> gelu >> gelu_tanh
    >> silu >> mish >> hard_swish >> sigmoid >> tanh >> tanh_activation >> softplus >> softmax >> softmax_with<axis<0>>
    >> log_softmax >> log_softmax_with<axis<0>>;
constexpr auto normed = conv2d<4, kernel<3>, stride<1>, padding<1>, dilation<1>, groups<1>, no_bias, kaiming_normal>
    >> batch_norm >> batch_norm_with<epsilon<1e-3>, momentum<0.1>, no_affine> >> layer_norm >> layer_norm_with<no_affine>
    >> depthwise_conv2d<1, xavier_uniform> >> conv2d<4, orthogonal> >> conv2d<4, lecun_normal>;
constexpr auto windows = max_pool2d<2> >> avg_pool2d<window{2, 1}, exclude_padding> >> upsample2d<2> >> dropout<0.1>;
constexpr auto joined = residual(pass_through) >> concat(relu, weft::identity) >> add(relu, relu)
    >> multiply(relu, tanh_activation) >> repeat<2>(relu) >> named<"body">(conv2d<4>);
constexpr auto net = input<1, 8, 8> >> normed >> windows >> joined >> global_avg_pool >> activations
    >> reshape<2, 2> >> flatten >> dense<3, xavier_normal>;
// clang-format on

static_assert(output_shape(net) == shape<3>{});

/// A layer of a program's own.
template <real_argument Factor>
struct scaled_layer : layer_base {
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) {
        return in.rank == 1 ? accept(in) : refuse(need::vector, {}, in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.scale(x, Factor.value());
    }
};
// clang-format off
constexpr auto own = input<3> >> scaled_layer<0.5>{} >> tanh >> dense<3>;
// clang-format on
static_assert(output_shape(own) == shape<3>{} && input_shape(own) == shape<3>{});
static_assert(parameter_count(own) == 12 && flops(own) > 0 && multiply_adds(own) > 0);

// The layer is one overload of a function: in all the places where a layer may stand.
static_assert(is_same_v<decltype(input<3> >> tanh), decltype(input<3> >> tanh_activation)>);
static_assert(is_same_v<decltype(tanh >> relu), decltype(tanh_activation >> relu)>);
static_assert(is_same_v<decltype(relu >> tanh >> relu), decltype(relu >> tanh_activation >> relu)>);
static_assert(is_same_v<decltype(input<3> >> weft::tanh), decltype(input<3> >> tanh_activation)>);
static_assert(is_same_v<decltype(residual(weft::tanh)), decltype(residual(tanh_activation))>);
static_assert(is_same_v<decltype(repeat<3>(weft::tanh)), decltype(repeat<3>(tanh_activation))>);

}  // namespace

TEST_CASE("weft's names stand beside the C and C++ libraries'", "[lang]") {
    CHECK(tanh(0.5) == std::tanh(0.5));
    CHECK(tanh(0.5f) == std::tanh(0.5f));
    CHECK(accept(-1, nullptr, nullptr) == -1);
    CHECK(raise(0) == 0);
    CHECK(weft::real(0.5).value() == std::real(complex<double>(0.5, 2)));

    data::dataset<float, int> samples({1, 2, 3, 4, 5, 6}, {0, 2}, 3);
    model<own, reference> m{seed{1}, batch_capacity{2}};
    const schedule rate = schedule::warmup(steps{1}, schedule::cosine(epochs{2}));
    const history made = fit(m, samples, softmax_cross_entropy_with<label_smoothing<0.1>>, adam{},
                             {.epochs = 2,
                              .batch_size = 2,
                              .validation = samples,
                              .rate = rate,
                              .clip = clip_by_norm{1},
                              .progress = {.style = progress_style::silent}});
    CHECK(made.size() == 2);
    const evaluation score = evaluate(m, samples, softmax_cross_entropy);
    CHECK(score.loss > 0);
    CHECK(summary(own).size() + dot(own).size() + explain<own, reference>().size() > 0);

    const data::dataset<float, float> numbers({1, 2, 3, 4, 5, 6}, {0, 1, 1, 1, 0, 1}, 3, 3);
    model<own, cpu> other = to<cpu>(m);
    trainer first{other, mean_squared_error, sgd{}};
    trainer second{other, mean_absolute_error, rmsprop{}};
    trainer third{other, huber, adamw{}, batch_capacity{2}};
    trainer fourth{other, binary_cross_entropy_with_logits, sgd{}};
    first.clip(clip_by_value{1});
    CHECK(first.step(numbers.inputs, numbers.targets) >= 0);
    metrics::mean_absolute_error errors;
    errors.add<float>(numbers.targets, numbers.targets);
    CHECK(errors.value() == 0);
}
