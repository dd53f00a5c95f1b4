// The fused mlp's mixed kernels, on the host's twin (which lays matrices out as tensor cores do), against the
// unfused program on the reference in double, its 16-bit values rounded alike.
#include <algorithm>
#include <cmath>
#include <vector>
#include <weft/backend/cuda/fused_mlp/fused_mlp.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/loss/regression.hpp>

#include "../catch.hpp"
#include "mlp_problems.hpp"

using namespace weft;
using namespace weft::cuda_backend;
using namespace mlp_problems;

namespace {

template <class Narrow>
inline constexpr precision precision_with =
    std::is_same_v<Narrow, float16> ? precision::scaled : precision::mixed;

template <class Program, class Narrow, std::size_t Limit, int Busy, class Device>
outcome<float> forward_on(const problem& p) {
    using mlp = fused_mlp<Program, Narrow, Limit, Busy>;
    const auto x = as<float>(p.x), parameters = as<float>(p.parameters);
    outcome<float> o;
    o.output.assign(std::size_t(p.batch) * std::size_t(Program::network::output_type::size), NAN);
    mlp::run(Device{}, x.data(), parameters.data(), o.output.data(), p.batch);
    return o;
}
template <class Program, class Narrow, std::size_t Limit, int Busy, class Device>
outcome<float> training_on(const problem& p, float scale) {
    using mlp = fused_mlp_training<Program, Narrow, Limit, Busy>;
    const auto x = as<float>(p.x), target = as<float>(p.target), parameters = as<float>(p.parameters);
    outcome<float> o;
    o.output.assign(std::size_t(p.batch) * std::size_t(Program::network::output_type::size), NAN);
    o.loss.assign(1, NAN);
    o.gradients.assign(parameters.size(), NAN);
    std::vector<float> scratch(std::size_t(mlp::scratch(p.batch)), NAN);
    mlp::run(Device{}, x.data(), target.data(), parameters.data(), &scale, o.output.data(), o.loss.data(),
             o.gradients.data(), scratch.data(), p.batch);
    return o;
}

/// The length of the difference counts against the numbers' own, and the worst number against the largest. A
/// sum may fall to the other side of a rounding, and all that follows with it; of relu's kink too, where a
/// gradient loses one sample's part: functions here have none, but where `Kinks` says so.
template <class Narrow, bool Kinks = false>
void compare(const char* what, const std::vector<float>& got, const std::vector<double>& want) {
    REQUIRE(got.size() == want.size());
    double length = 0, apart = 0, largest = 0, worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(double(got[i]) - want[i]);
        length += want[i] * want[i];
        apart += difference * difference;
        largest = std::max(largest, std::abs(want[i]));
        if (!(difference <= worst) && !std::isnan(worst)) worst = difference;  // NaN stays
    }
    CAPTURE(what, length, apart, largest, worst);
    CHECK(std::sqrt(apart) <= (4 * double(Narrow::epsilon) + (Kinks ? 0.03 : 0)) * std::sqrt(length));
    CHECK(worst <= 32 * double(Narrow::epsilon) * largest);
}

constexpr int batches[] = {1, 37, 300};

template <auto Net, class Narrow, std::size_t Limit = shared_memory_sm80, int Busy = 1>
void check_forward() {
    using compiled = program<network_of<Net>, graph::no_loss, purpose::inference, precision_with<Narrow>>;
    static_assert(fused_mlp<compiled, Narrow, Limit>::qualifies);
    for (int batch : batches) {
        CAPTURE(batch, Narrow::name, Busy);
        const problem p = make_problem<compiled, graph::no_loss>(batch);
        const auto got = forward_on<compiled, Narrow, Limit, Busy, host_twin>(p);
        compare<Narrow>("output", got.output, on_reference<compiled, Narrow>(p).output);
        if constexpr (std::is_same_v<Narrow, float16>)
            CHECK(got == forward_on<compiled, Narrow, Limit, Busy, backward_twin>(p));
    }
}
template <auto Net, class Loss, class Narrow, std::size_t Limit = shared_memory_sm80, int Busy = 1,
          bool Kinks = false>
void check_training(int batch) {
    using compiled = program<network_of<Net>, Loss, purpose::training, precision_with<Narrow>>;
    static_assert(fused_mlp_training<compiled, Narrow, Limit>::qualifies);
    CAPTURE(batch, Narrow::name, Busy);
    const problem p = make_problem<compiled, Loss>(batch);
    const float scale = compiled::scaled ? 1024.0f : 1.0f;
    const auto got = training_on<compiled, Narrow, Limit, Busy, host_twin>(p, scale);
    const auto want = on_reference<compiled, Narrow>(p, scale);
    compare<Narrow>("output", got.output, want.output);
    compare<Narrow>("loss", got.loss, want.loss);
    compare<Narrow, Kinks>("gradients", got.gradients, want.gradients);
    if constexpr (std::is_same_v<Narrow, float16>)
        CHECK(got == training_on<compiled, Narrow, Limit, Busy, backward_twin>(p, scale));
}
template <auto Net, class Loss, class Narrow, std::size_t Limit = shared_memory_sm80, int Busy = 1>
void check_training() {
    for (int batch : batches) check_training<Net, Loss, Narrow, Limit, Busy>(batch);
}
template <auto Net, class Loss>
void check() {
    check_forward<Net, float16>();
    check_training<Net, Loss, float16>();
    check_training<Net, Loss, bfloat16>();
}
/// Batches too small to keep a device busy with large tiles.
template <auto Net, class Loss>
void check_small_tiles() {
    check_forward<Net, bfloat16, shared_memory_sm80, 96>();
    check_training<Net, Loss, bfloat16, shared_memory_sm80, 96>();
}

using cross_entropy = softmax_cross_entropy_loss<>;
using squares = mean_squared_error_loss;

// clang-format off
constexpr auto one = input<5> >> dense<3>;
constexpr auto narrow = input<13> >> dense<16> >> softplus >> dense<16> >> weft::tanh >> dense<1>;
constexpr auto of32 = input<32> >> dense<32> >> gelu >> dense<32, no_bias> >> sigmoid >> dense<17> >> softplus;
constexpr auto of64 = input<3> >> dense<64> >> weft::tanh >> dense<64> >> elu >> dense<64> >> silu >> dense<50> >> gelu >> dense<7>;
constexpr auto square64 = input<64> >> dense<64> >> silu >> dense<64> >> weft::tanh >> dense<64> >> silu >> dense<64> >> gelu >> dense<16>;
constexpr auto of128 = input<20> >> dense<128, no_bias> >> gelu_tanh >> dense<100> >> silu >> dense<10>;
constexpr auto square128 = input<128> >> dense<128> >> relu >> dense<128> >> relu >> dense<128> >> relu >> dense<128> >> relu >> dense<16>;
constexpr auto images = input<1, 28, 28> >> flatten >> dense<72> >> sigmoid >> dense<10>;
constexpr auto deep256 = input<33> >> dense<256> >> silu >> dense<256> >> elu >> dense<256> >> relu >> dense<256> >> relu >> dense<240>;
constexpr auto of256 = input<150> >> dense<256> >> silu >> dense<176> >> weft::tanh >> dense<4>;
constexpr auto functions = input<4> >> dense<16> >> softplus >> dense<16> >> gelu_tanh >> dense<16> >> mish >> dense<6> >> elu_with<0.5> >> dense<3> >> weft::tanh;
constexpr auto kinks = input<9> >> dense<32> >> relu >> dense<40> >> leaky_relu >> dense<24> >> hard_swish >> dense<20> >> selu >> dense<3>;
constexpr auto classes = input<6> >> dense<16> >> weft::tanh >> dense<5> >> sigmoid;
constexpr auto too_wide = input<4> >> dense<300> >> relu >> dense<2>;
constexpr auto convolution = input<1, 4, 4> >> conv2d<2, kernel<3>> >> flatten >> dense<4>;
// clang-format on

template <auto Net, class Loss>
using trained = program<network_of<Net>, Loss, purpose::training, precision::mixed>;

}  // namespace

TEST_CASE("fused mlp in mixed precision: what fits is known while compiling", "[cuda]") {
    static_assert(fused_mlp<program<network_of<deep256>>, float16>::qualifies);
    static_assert(!fused_mlp<program<network_of<too_wide>>, float16>::qualifies);
    static_assert(!fused_mlp<program<network_of<convolution>>, float16>::qualifies);
    using large = fused_mlp_training<trained<square128, squares>, bfloat16>;
    static_assert(large::tiles.large.rows == 128 && large::tiles.large.slice == 32);
    static_assert(fused_mlp_training<trained<square64, squares>, bfloat16>::tiles.large.slice == 64);
    static_assert(fused_mlp_training<trained<of32, squares>, bfloat16>::tiles.large.slice == 0);
    static_assert(!fused_mlp_training<trained<deep256, squares>, bfloat16>::qualifies);  // too many sums
    static_assert(!fused_mlp_training<trained<too_wide, squares>, bfloat16>::qualifies);
}

TEST_CASE("fused mlp in mixed precision: one layer", "[cuda]") { check<one, cross_entropy>(); }
TEST_CASE("fused mlp in mixed precision: width 16", "[cuda]") {
    check<narrow, squares>();
    check_small_tiles<narrow, squares>();
}
TEST_CASE("fused mlp in mixed precision: width 32", "[cuda]") { check<of32, squares>(); }
TEST_CASE("fused mlp in mixed precision: width 64", "[cuda]") {
    check<of64, cross_entropy>();
    check_small_tiles<of64, cross_entropy>();
}
TEST_CASE("fused mlp in mixed precision: all layers of width 64", "[cuda]") { check<square64, squares>(); }
TEST_CASE("fused mlp in mixed precision: width 128", "[cuda]") {
    check<of128, softmax_cross_entropy_loss<label_smoothing<0.1>>>();
    check_training<square128, squares, float16, shared_memory_sm80, 1, true>(130);
    check_forward<square128, bfloat16>();
}
TEST_CASE("fused mlp in mixed precision: images", "[cuda]") { check<images, cross_entropy>(); }
TEST_CASE("fused mlp in mixed precision: width 256", "[cuda]") {
    check_forward<deep256, float16>();
    check_forward<deep256, bfloat16, shared_memory_sm80, 96>();
    check<of256, squares>();
}
TEST_CASE("fused mlp in mixed precision: other functions, and losses of differences", "[cuda]") {
    check<functions, huber_loss<0.5>>();
    check_training<functions, mean_absolute_error_loss, float16>();
    check_training<kinks, squares, float16, shared_memory_sm80, 1, true>(300);
}
TEST_CASE("fused mlp in mixed precision: soft targets", "[cuda]") {
    check_training<classes, softmax_cross_entropy_loss<soft_targets>, float16>();
}

/// Powers of two go through all roundings, but where numbers are so small that float16 has fewer digits.
TEST_CASE("fused mlp in mixed precision: gradients of a scaled loss are larger", "[cuda]") {
    using compiled = program<network_of<of32>, squares, purpose::training, precision::scaled>;
    const problem p = make_problem<compiled, squares>(37);
    const auto one = training_on<compiled, float16, shared_memory_sm80, 1, host_twin>(p, 1024),
               more = training_on<compiled, float16, shared_memory_sm80, 1, host_twin>(p, 65536);
    CHECK(one.output == more.output);
    CHECK(one.loss == more.loss);
    std::vector<double> want(one.gradients.begin(), one.gradients.end());
    for (double& w : want) w *= 64;
    compare<float16>("gradients", more.gradients, want);
    // What overflows is not hidden: the update is to see it.
    const auto most = training_on<compiled, float16, shared_memory_sm80, 1, host_twin>(p, 0x1p32f);
    CHECK(most.loss == one.loss);
    CHECK(std::count_if(most.gradients.begin(), most.gradients.end(),
                        [](float g) { return !std::isfinite(g); }) > 0);
}

TEST_CASE("fused mlp in mixed precision: several tiles for each block", "[cuda]") {
    using compiled = program<network_of<narrow>, squares, purpose::training, precision::mixed>;
    using mlp = fused_mlp_training<compiled, bfloat16, shared_memory_sm80, 1 << 20>;
    constexpr int batch = 2 * 132 * 4 * 32 + 100, most = mlp::blocks(batch);
    static_assert(2 * most * 32 < batch && mlp::tiles.small.rows == 32 && mlp::tiles.small.slice == 0);
    check_training<narrow, squares, bfloat16, shared_memory_sm80, 1 << 20>(batch);
}
