// After construction nothing allocates on the Thrust policy: not a step, not a prediction.
#include <memory>
#include <span>
#include <vector>

#include "catch.hpp"
#include "count_allocations.hpp"
#include "weft/thrust.hpp"
#include "weft/weft.hpp"

namespace {

// clang-format off
constexpr auto net =
    weft::input<2, 12, 12>
    >> weft::conv2d<6, weft::kernel<3>, weft::padding<1>> >> weft::batch_norm >> weft::relu >> weft::max_pool2d<2>
    >> weft::flatten >> weft::dense<24> >> weft::layer_norm >> weft::silu >> weft::dropout<0.25> >> weft::dense<5>;
// clang-format on

template <class System>
long allocations_of_training() {
    weft::model<net, weft::thrust<System>> model{weft::seed{3}};
    weft::trainer trainer(model, weft::softmax_cross_entropy, weft::adam{}, weft::batch_capacity{32});
    const std::vector<float> inputs(32 * 288, 0.25f);
    const std::vector<int> labels(32, 1);
    std::vector<float> outputs(32 * 5);
    trainer.step(inputs, labels);  // starts the system's threads
    const long before = allocations.load();
    for (int i = 0; i < 3; ++i) trainer.step(inputs, labels);
    model.predict(inputs, outputs);
    trainer.step(std::span(inputs).first(7 * 288), std::span(labels).first(7));
    return allocations.load() - before;
}

}  // namespace

TEST_CASE("thrust: a step and a prediction allocate nothing") {
    const long before = allocations.load();
    std::vector<int>(100).swap(*std::make_unique<std::vector<int>>());
    CHECK(allocations.load() > before);  // the counter counts
    CHECK(allocations_of_training<weft::cpp>() == 0);
    CHECK(allocations_of_training<weft::omp>() == 0);
    CHECK(allocations_of_training<weft::device_twin>() == 0);
#if WEFT_HAS_TBB
    CHECK(allocations_of_training<weft::tbb>() == 0);
#endif
}
