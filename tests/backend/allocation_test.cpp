// After construction nothing allocates: not a step, not a prediction. A network with all kinds of layers, on
// one thread and on two.
#define EIGEN_RUNTIME_NO_MALLOC  // Eigen's own allocations can be made an error
#include <memory>
#include <span>
#include <vector>
#include <weft/backend/cpu/eigen.hpp>
// after it
#include <weft/weft.hpp>

#include "catch.hpp"
#include "count_allocations.hpp"

namespace {

// clang-format off
constexpr auto net =
    weft::input<2, 12, 12>
    >> weft::conv2d<6, weft::kernel<3>, weft::padding<1>> >> weft::batch_norm >> weft::relu >> weft::max_pool2d<2>
    >> weft::residual(weft::conv2d<6, weft::kernel<3>, weft::padding<1>> >> weft::gelu) >> weft::avg_pool2d<2>
    >> weft::flatten
    >> weft::dense<24> >> weft::layer_norm >> weft::silu >> weft::dropout<0.25> >> weft::dense<5>;
// clang-format on

/// What runs between construction and destruction.
template <int Threads, class Optimizer>
long allocations_of_training(Optimizer optimizer) {
    weft::model<net, weft::cpu_policy<float, weft::threads<Threads>>> model{weft::seed{3}};
    weft::trainer trainer(model, weft::softmax_cross_entropy, optimizer, weft::batch_capacity{32});
    const std::vector<float> inputs(32 * 288, 0.25f);
    const std::vector<int> labels(32, 1);
    std::vector<float> outputs(32 * 5);
    const long before = allocations.load();
    Eigen::internal::set_is_malloc_allowed(false);
    for (int i = 0; i < 3; ++i) trainer.step(inputs, labels);
    model.predict(inputs, outputs);
    // a batch that is not full
    trainer.step(std::span(inputs).first(7 * 288), std::span(labels).first(7));
    model.predict(std::span<const float>(inputs).first(288), std::span(outputs).first(5));
    Eigen::internal::set_is_malloc_allowed(true);
    return allocations.load() - before;
}

}  // namespace

TEST_CASE("allocation: the counter counts") {
    const long before = allocations.load();
    std::vector<int>(100).swap(*std::make_unique<std::vector<int>>());
    CHECK(allocations.load() > before);
}
TEST_CASE("allocation: a step and a prediction make none, on one thread") {
    CHECK(allocations_of_training<1>(weft::adam{.learning_rate = 1e-3f}) == 0);
    CHECK(allocations_of_training<1>(weft::sgd{.learning_rate = 1e-2f, .momentum = 0.9f}) == 0);
}
TEST_CASE("allocation: nor on two") {
    CHECK(allocations_of_training<2>(weft::adam{.learning_rate = 1e-3f}) == 0);
}
