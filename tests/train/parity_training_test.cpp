/// Ten steps of training a network with batch normalisation, as PyTorch takes them.

#include "golden.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<1, 6, 6> >> conv2d<3, kernel<3>, no_bias> >> batch_norm >> relu >> max_pool2d<2>
    >> flatten >> dense<3>;
// clang-format on

/// Hyperparameters are floats, so doubles differ from PyTorch's in the eighth digit.
template <class Policy>
constexpr double tolerance = sizeof(typename Policy::scalar) == 8 ? 1e-6 : 1e-4;

template <class Model>
void state_matches(const Model& m, const golden::tensors& expected) {
    for (const auto& t : m.state())
        golden::close(t.name, t.data,
                      expected.at((m.record(t.name).is_state ? "state." : "param.") + t.name).values,
                      tolerance<typename Model::policy>);
}

template <class Policy, class Optimizer>
void follow(const std::string& name, const Optimizer& optimizer,
            const std::vector<parameter_group>& groups = {}) {
    using scalar = typename Policy::scalar;
    static const auto cases = golden::read("training.txt");
    INFO(name << " on " << Policy::name);
    const golden::tensors &start = cases.at("start"), &expected = cases.at(name);
    model<net, Policy> m;
    golden::load(m, start);
    trainer train{m, softmax_cross_entropy, optimizer, batch_capacity{6}};
    train.groups(groups);
    std::vector<double> losses;
    averaged exponential(m, ema{0.75f}), equal(m, swa{});
    for (int step = 0; step < 10; ++step) {
        const std::string k = std::to_string(step % 2);
        losses.push_back(
            train.step(golden::as<scalar>(start.at("input." + k)), golden::as<int>(start.at("target." + k))));
        exponential.update(m);
        equal.update(m);
    }
    golden::close("losses", losses, expected.at("losses").values, tolerance<Policy>);
    state_matches(m, expected);
    if (name != "sgd") return;
    state_matches(exponential.model(), cases.at("ema"));
    state_matches(equal.model(), cases.at("swa"));
}
template <class Policy>
void follow_all() {
    follow<Policy>("sgd", sgd{.learning_rate = 0.05f});
    follow<Policy>("sgd_nesterov",
                   sgd{.learning_rate = 0.05f, .momentum = 0.9f, .weight_decay = 0.01f, .nesterov = true});
    follow<Policy>("adam", adam{.learning_rate = 0.01f});
    follow<Policy>("adamw", adamw{.learning_rate = 0.01f, .weight_decay = 0.1f});
    follow<Policy>("rmsprop", rmsprop{.learning_rate = 0.002f, .momentum = 0.5f});
    follow<Policy>("groups", adamw{.learning_rate = 0.01f, .weight_decay = 0.1f},
                   {{"5.*", {.learning_rate = 0.02f}}, no_decay_for_biases});
}

}  // namespace

TEST_CASE("ten training steps match PyTorch", "[train][parity]") {
    follow_all<reference_policy<double>>();
    follow_all<cpu>();
    follow_all<cpu_policy<double>>();
}
