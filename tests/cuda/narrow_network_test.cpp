// Networks of mixed precision on the twin: losses, gradients and predictions near those in float.
#include <cmath>
#include <random>
#include <vector>
#include <weft/cuda.hpp>

#include "catch.hpp"
#include "train/networks.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto everything = input<3, 12, 12>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu >> max_pool2d<2>
    >> residual(conv2d<8, kernel<3>, padding<1>> >> batch_norm >> silu >> conv2d<8>)
    >> concat(identity, max_pool2d<3, stride<1>, padding<1>> >> conv2d<4>, avg_pool2d<2> >> upsample2d<2>)
    >> multiply(identity, global_avg_pool >> dense<20> >> sigmoid >> reshape<20, 1, 1>)
    >> conv2d<6, kernel<3>> >> softmax_with<axis<0>> >> flatten
    >> layer_norm >> dense<24> >> gelu >> dense<10>;
// clang-format on

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
    std::mt19937 r(seed);
    std::uniform_real_distribution<float> d(-1, 1);
    std::vector<float> x(count);
    for (float& v : x) v = d(r);
    return x;
}
/// |a - b| beside |b|, all together.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(double(a[i]) - double(b[i]), 2);
        size += std::pow(double(b[i]), 2);
    }
    return std::sqrt(difference / size);
}

template <auto Net, class Narrow>
void check_near_float() {
    constexpr int batch = 16;
    model<Net, cuda_twin> exact(seed{5}, batch_capacity{batch});
    auto mixed = to<cuda_twin_with<Narrow>>(exact, batch_capacity{batch});
    trainer a(exact, mean_squared_error, sgd{}, batch_capacity{batch});
    trainer b(mixed, mean_squared_error, sgd{}, batch_capacity{batch});
    const auto x = random_numbers(batch * decltype(exact)::input_size, 1),
               y = random_numbers(batch * decltype(exact)::output_size, 2);
    const float want = a.compute_gradients(x, y), got = b.compute_gradients(x, y);
    std::vector<float> p(batch * decltype(exact)::output_size), q(p.size());
    exact.predict(x, p);
    mixed.predict(x, q);
    const double gradients = distance(b.gradients(), a.gradients()), predictions = distance(q, p);
    CAPTURE(Narrow::name, want, got, gradients, predictions);
    CHECK(predictions > 0);  // something is narrow
    CHECK(std::abs(got - want) < Narrow::epsilon * want);
    CHECK(gradients < 4 * Narrow::epsilon);
    CHECK(predictions < 4 * Narrow::epsilon);
}

}  // namespace

TEST_CASE("a network of every kind of layer in 16 bits is near the one in float", "[cuda][mixed]") {
    check_near_float<everything, bfloat16>();
    check_near_float<everything, float16>();
}

TEST_CASE("normalised rows and features in 16 bits are near those in float", "[cuda][mixed]") {
    check_near_float<networks::layer_normalized, bfloat16>();
    check_near_float<networks::batch_normalized, bfloat16>();
}
