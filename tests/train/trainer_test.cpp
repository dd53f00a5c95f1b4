/// The trainer: what a step does, what it refuses, and how it says where a number that is not finite came
/// from.

#include <limits>

#include "../catch.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<4> >> dense<6> >> weft::tanh >> dense<3>;
constexpr auto small = input<2> >> dense<2> >> relu >> dense<1>;
// clang-format on
using policy = reference_policy<double>;

const std::vector<double> x = {0.5, -1, 0.25, 2, 1, 1, -1, 0, 0.1, 0.2, 0.3, 0.4};
const std::vector<int> y = {2, 0, 1};

std::vector<double> copy(std::span<const double> s) { return {s.begin(), s.end()}; }

}  // namespace

TEST_CASE("a step is the optimizer's rule on the gradients", "[train][trainer]") {
    model<net, policy> stepped{seed{3}}, manual{seed{3}};
    const adam optimizer{.learning_rate = 0.02f};
    trainer train{stepped, softmax_cross_entropy, optimizer, batch_capacity{3}};
    trainer gradients{manual, softmax_cross_entropy, optimizer, batch_capacity{3}};
    std::vector<double> slots(2 * manual.parameters().size());
    for (int step = 1; step <= 4; ++step) {
        const double before = gradients.compute_gradients(x, y);
        const float rate = step == 3 ? 0.25f : 1.f;
        CHECK(train.step(x, y, rate) == before);
        CHECK(copy(train.gradients()) == copy(gradients.gradients()));
        apply<double>(optimizer, manual.parameters(), gradients.gradients(), slots, step,
                      double(optimizer.learning_rate) * double(rate));
        CHECK(copy(stepped.parameters()) == copy(manual.parameters()));
    }
    CHECK(train.steps() == 4);
    CHECK(gradients.steps() == 0);
}

TEST_CASE("gradients are clipped before the update", "[train][trainer]") {
    for (const clipping how : {clipping(clip_by_value{0.01f}), clipping(clip_by_norm{0.1f})}) {
        model<net, policy> stepped{seed{3}}, manual{seed{3}};
        trainer train{stepped, softmax_cross_entropy, sgd{.learning_rate = 0.5f}, batch_capacity{3}};
        trainer gradients{manual, softmax_cross_entropy, sgd{}, batch_capacity{3}};
        train.clip(how);
        train.step(x, y);
        gradients.compute_gradients(x, y);
        auto g = copy(gradients.gradients());
        const auto unclipped = g;
        how.apply(std::span(g));
        REQUIRE(g != unclipped);
        for (std::size_t i = 0; i < g.size(); ++i)
            CHECK(stepped.parameters()[i] == Approx(manual.parameters()[i] - 0.5 * g[i]).epsilon(1e-12));
    }
}

TEST_CASE("a trainer shows its predictions, gradients and their names", "[train][trainer]") {
    model<net, policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, sgd{}, batch_capacity{3}};
    train.compute_gradients(x, y);
    std::vector<double> predicted(9);
    m.predict(x, predicted);
    const auto seen = copy(train.predictions(3));
    std::size_t right = 0;
    for (std::size_t i = 0; i < 9; ++i) CHECK(seen[i] == Approx(predicted[i]).epsilon(1e-12));
    for (std::size_t i = 0; i < 3; ++i)
        right += int(std::max_element(seen.begin() + long(i) * 3, seen.begin() + long(i) * 3 + 3) -
                     seen.begin() - long(i) * 3) == y[i];
    CHECK(train.correct(3) == right);
    CHECK(train.gradient("0.weight").size() == 24);
    CHECK(train.gradient("2.bias").data() == train.gradients().data() + 24 + 6 + 18);
    CHECK_THROWS_WITH(train.gradient("2.biass"), contains("2.biass") && contains("2.bias"));
}

TEST_CASE("running statistics have no gradient", "[train][trainer]") {
    // clang-format off
    constexpr auto normalized = input<2> >> batch_norm >> dense<1>;
    // clang-format on
    model<normalized, policy> m;
    trainer train{m, mean_squared_error, sgd{}};
    CHECK_NOTHROW(train.gradient("0.weight"));
    CHECK_THROWS_WITH(train.gradient("0.running_mean"), contains("running statistic"));
}

TEST_CASE("a trainer refuses batches that do not fit", "[train][trainer]") {
    model<net, policy> m;
    trainer train{m, softmax_cross_entropy, sgd{}, batch_capacity{16}};
    const auto step = [&](std::size_t inputs, std::size_t labels) {
        train.step(std::vector<double>(inputs), std::vector<int>(labels));
    };
    CHECK_THROWS_WITH(step(0, 0), contains("0 inputs and 0 targets"));
    CHECK_THROWS_WITH(step(5, 1), contains("5 inputs and 1 targets") && contains("4 inputs and 1 targets"));
    CHECK_THROWS_WITH(step(8, 1), contains("8 inputs and 1 targets"));
    CHECK_THROWS_WITH(step(4, 2), contains("4 inputs and 2 targets"));
    CHECK_THROWS_WITH(step(4 * 17, 17), contains("17 samples") && contains("16"));
    CHECK_NOTHROW(step(4 * 16, 16));
    CHECK(train.steps() == 1);
}

TEST_CASE("a label outside the classes is named with its sample", "[train][trainer]") {
    model<net, policy> m;
    const auto before = copy(m.parameters());
    trainer train{m, softmax_cross_entropy, sgd{}, batch_capacity{3}};
    CHECK_THROWS_WITH(train.step(x, std::vector<int>{0, 3, 1}),
                      contains("sample 1") && contains("label is 3") && contains("3 classes"));
    CHECK_THROWS_WITH(train.step(x, std::vector<int>{0, 1, -1}),
                      contains("sample 2") && contains("label is -1"));
    CHECK_THROWS_AS(train.compute_gradients(x, std::vector<long long>{0, 1, 1ll << 40}), error);
    CHECK(copy(m.parameters()) == before);
}

TEST_CASE("senseless hyperparameters are refused when a trainer is made", "[train][trainer]") {
    model<net, policy> m;
    const auto make = [&](float rate) {
        trainer train{m, softmax_cross_entropy, sgd{.learning_rate = rate}};
    };
    CHECK_THROWS_WITH(make(-1), contains("learning_rate"));
    CHECK_THROWS_WITH(make(std::numeric_limits<float>::quiet_NaN()), contains("learning_rate"));
}

TEST_CASE("training names what was not finite", "[train][trainer]") {
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    const std::vector<double> good = {1, 2, 3, 4}, target = {1, 2};
    model<small, policy> m{seed{1}};
    trainer train{m, mean_squared_error, sgd{}, batch_capacity{2}};
    CHECK_NOTHROW(train.step(good, target));
    const auto before = copy(m.parameters());
    CHECK_THROWS_WITH(train.step(std::vector<double>{1, nan, 3, 4}, target),
                      contains("step 2") && contains("inputs are not finite"));
    CHECK_THROWS_WITH(train.step(good, std::vector<double>{1, infinity}), contains("targets are not finite"));
    // Finite numbers whose square is not: the loss is fused into the last layer's product.
    CHECK_THROWS_WITH(
        train.step(good, std::vector<double>{1, 1e308}),
        contains("first operation with a result that is not finite") && contains("gemm of layer 3"));
    CHECK(copy(m.parameters()) == before);
    // Finite parameters whose product is not.
    for (double& w : m.parameter("0.weight")) w = 1e308;
    CHECK_THROWS_WITH(train.step(good, target), contains("gemm of layer 1"));
    m.parameter("2.bias")[0] = nan;
    CHECK_THROWS_WITH(train.step(good, target), contains("parameter '2.bias'"));
}

TEST_CASE("a learning rate far too high stops with the parameter's name", "[train][trainer]") {
    model<small, cpu> m{seed{1}};
    trainer train{m, mean_squared_error, sgd{.learning_rate = 1e30f}, batch_capacity{2}};
    const std::vector<float> inputs = {1, 2, 3, 4}, target = {100, 200};
    std::string message;
    try {
        for (int i = 0; i < 50; ++i) train.step(inputs, target);
    } catch (const error& e) {
        message = e.what();
    }
    CHECK_THAT(message, contains("training stopped: the loss is not a finite number"));
    CHECK((message.find("parameter '") != message.npos || message.find("operation") != message.npos));
}
