// The fused mlp's kernels, on the host's twin, against the unfused program on the reference in double.
#include <algorithm>
#include <cmath>
#include <limits>
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

template <class Program, class T, std::size_t Limit, int Busy, class Device = host_twin>
outcome<T> forward_on_twin(const problem& p) {
    using mlp = fused_mlp<Program, T, Limit, Busy>;
    const auto x = as<T>(p.x), parameters = as<T>(p.parameters);
    outcome<T> o;
    o.output.assign(std::size_t(p.batch) * std::size_t(Program::network::output_type::size), T(NAN));
    mlp::run(Device{}, x.data(), parameters.data(), o.output.data(), p.batch);
    return o;
}
template <class Program, class T, std::size_t Limit, int Busy, class Device = host_twin>
outcome<T> training_on_twin(const problem& p) {
    using mlp = fused_mlp_training<Program, T, Limit, Busy>;
    const auto x = as<T>(p.x), target = as<T>(p.target), parameters = as<T>(p.parameters);
    outcome<T> o;
    o.output.assign(std::size_t(p.batch) * std::size_t(Program::network::output_type::size), T(NAN));
    o.loss.assign(1, T(NAN));
    o.gradients.assign(parameters.size(), T(NAN));
    std::vector<T> scratch(std::size_t(mlp::scratch(p.batch)), T(NAN));
    mlp::run(Device{}, x.data(), target.data(), parameters.data(), nullptr, o.output.data(), o.loss.data(),
             o.gradients.data(), scratch.data(), p.batch);
    return o;
}

/// Differences count against the largest number, as sums do that cancel.
template <class T>
void compare(const char* what, const std::vector<T>& got, const std::vector<double>& want, double terms) {
    REQUIRE(got.size() == want.size());
    double largest = 0, worst = 0;
    for (double w : want) largest = std::max(largest, std::abs(w));
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(double(got[i]) - want[i]);
        if (!(difference <= worst) && !std::isnan(worst)) worst = difference;  // NaN stays
    }
    CAPTURE(what, largest, worst, terms);
    CHECK(worst <= double(std::numeric_limits<T>::epsilon()) * (24 + 2 * std::sqrt(terms)) * largest);
}

constexpr int batches[] = {1, 7, 128, 300};

template <auto Net, class T, std::size_t Limit = shared_memory_sm90, int Busy = 1>
void check_forward() {
    using compiled = program<network_of<Net>>;
    static_assert(fused_mlp<compiled, T, Limit>::qualifies);
    for (int batch : batches) {
        CAPTURE(batch, sizeof(T));
        const problem p = make_problem<compiled, graph::no_loss>(batch);
        const auto got = forward_on_twin<compiled, T, Limit, Busy>(p);
        const auto want = on_reference<compiled>(p);
        compare("output", got.output, want.output, 800);
        CHECK(got == forward_on_twin<compiled, T, Limit, Busy>(p));
        // Not the same bits: the compiler may contract the two loops' sums in two ways.
        compare("output in another order", forward_on_twin<compiled, T, Limit, Busy, backward_twin>(p).output,
                want.output, 800);
    }
}
template <auto Net, class Loss, class T, std::size_t Limit, int Busy>
void check_training(int batch) {
    using compiled = program<network_of<Net>, Loss, purpose::training>;
    static_assert(fused_mlp_training<compiled, T, Limit>::qualifies);
    CAPTURE(batch, sizeof(T));
    const problem p = make_problem<compiled, Loss>(batch);
    const auto got = training_on_twin<compiled, T, Limit, Busy>(p);
    const auto want = on_reference<compiled>(p);
    compare("output", got.output, want.output, 800);
    compare("loss", got.loss, want.loss, 800);
    compare("gradients", got.gradients, want.gradients, 800);
    CHECK(got == training_on_twin<compiled, T, Limit, Busy>(p));
    const auto other = training_on_twin<compiled, T, Limit, Busy, backward_twin>(p);
    compare("loss in another order", other.loss, want.loss, 800);
    compare("gradients in another order", other.gradients, want.gradients, 800);
}
template <auto Net, class Loss, class T, std::size_t Limit = shared_memory_sm90, int Busy = 1>
void check_training() {
    for (int batch : batches) check_training<Net, Loss, T, Limit, Busy>(batch);
}
template <auto Net, class Loss>
void check_both() {
    check_forward<Net, float>();
    check_training<Net, Loss, float>();
    check_training<Net, Loss, double>();
    check_forward<Net, float, shared_memory_sm90, 96>();  // small tiles
    check_training<Net, Loss, float, shared_memory_sm90, 96>();
}

using cross_entropy = softmax_cross_entropy_loss<>;
using squares = mean_squared_error_loss;

// clang-format off
constexpr auto one = input<5> >> dense<3>;
constexpr auto narrow = input<13> >> dense<16> >> relu >> dense<16> >> weft::tanh >> dense<1>;
constexpr auto of32 = input<32> >> dense<32> >> gelu >> dense<32, no_bias> >> sigmoid >> dense<17> >> softplus;
constexpr auto of64 = input<3> >> dense<64> >> relu >> dense<64> >> elu >> dense<64> >> silu >> dense<50> >> relu >> dense<7>;
constexpr auto of128 = input<20> >> dense<128, no_bias> >> leaky_relu >> dense<100> >> hard_swish >> dense<10>;
constexpr auto of256 = input<1, 28, 28> >> flatten >> dense<256> >> relu >> dense<10>;
constexpr auto deep256 = input<33> >> dense<256> >> relu >> dense<256> >> relu >> dense<256> >> relu >> dense<256> >> relu >> dense<256>;
constexpr auto functions = input<4> >> dense<16> >> selu >> dense<16> >> gelu_tanh >> dense<16> >> mish >> dense<6> >> elu_with<0.5> >> dense<3> >> weft::tanh;
constexpr auto narrow_classes = input<6> >> dense<16> >> relu >> dense<5> >> sigmoid;
constexpr auto too_wide = input<4> >> dense<300> >> relu >> dense<2>;
constexpr auto long_input = input<10000> >> dense<64> >> relu >> dense<2>;
constexpr auto convolution = input<1, 4, 4> >> conv2d<2, kernel<3>> >> flatten >> dense<4>;
// clang-format on

}  // namespace

TEST_CASE("fused mlp: what fits is known while compiling", "[cuda]") {
    static_assert(fused_mlp<program<network_of<deep256>>, float>::tiles.large.rows == 64);
    static_assert(fused_mlp<program<network_of<narrow>>, float>::tiles.large.rows == 128);
    static_assert(!fused_mlp<program<network_of<too_wide>>, float>::qualifies);
    static_assert(!fused_mlp<program<network_of<convolution>>, float>::qualifies);
    using deep = program<network_of<deep256>, cross_entropy, purpose::training>;
    static_assert(fused_mlp_training<deep, float, shared_memory_sm90>::tiles.large.rows == 32);
    static_assert(fused_mlp_training<deep, float, shared_memory_sm80>::tiles.large.rows == 16);
    static_assert(!fused_mlp_training<deep, float, 48 * 1024>::qualifies);
    static_assert(
        !fused_mlp_training<program<network_of<too_wide>, squares, purpose::training>, float>::qualifies);
    static_assert(fused_mlp<program<network_of<long_input>>, float>::qualifies);
    using many = program<network_of<long_input>, squares, purpose::training>;
    static_assert(!fused_mlp_training<many, float>::qualifies);  // too many sums
    STATIC_REQUIRE(fused_mlp_training<deep, float>::blocks(1 << 20) == 128);
}

TEST_CASE("fused mlp: one layer", "[cuda]") { check_both<one, cross_entropy>(); }
TEST_CASE("fused mlp: width 16", "[cuda]") { check_both<narrow, squares>(); }
TEST_CASE("fused mlp: width 32", "[cuda]") { check_both<of32, squares>(); }
TEST_CASE("fused mlp: width 64", "[cuda]") { check_both<of64, cross_entropy>(); }
TEST_CASE("fused mlp: width 128", "[cuda]") {
    check_both<of128, softmax_cross_entropy_loss<label_smoothing<0.1>>>();
}
TEST_CASE("fused mlp: width 256", "[cuda]") { check_both<of256, cross_entropy>(); }
TEST_CASE("fused mlp: depth 5 of width 256, on both devices", "[cuda]") {
    check_forward<deep256, float, shared_memory_sm80>();
    check_training<deep256, cross_entropy, float, shared_memory_sm80>();
    check_training<deep256, cross_entropy, float, shared_memory_sm90>();
}
TEST_CASE("fused mlp: other functions, and losses of differences", "[cuda]") {
    check_both<functions, huber_loss<0.5>>();
    check_training<functions, mean_absolute_error_loss, double>();
}
TEST_CASE("fused mlp: soft targets", "[cuda]") {
    check_training<narrow_classes, softmax_cross_entropy_loss<soft_targets>, float>();
}
TEST_CASE("fused mlp: several tiles for each block", "[cuda]") {
    constexpr std::size_t limit = 12 * 1024;
    using compiled = program<network_of<narrow>, squares, purpose::training>;
    static_assert(fused_mlp_training<compiled, float, limit>::blocks(5000) == 128);
    static_assert(fused_mlp_training<compiled, float, limit>::tiles.large.rows == 16);
    check_training<narrow, squares, float, limit, 1>(5000);
}
