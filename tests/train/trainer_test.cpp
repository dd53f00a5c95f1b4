/// The trainer: what a step does, what it refuses, and how it says where a number that is not finite came
/// from.

#include <cstdio>
#include <limits>
#include <map>

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

template <class T>
std::vector<std::remove_const_t<T>> copy(std::span<T> s) {
    return {s.begin(), s.end()};
}

/// Descends by the gradient's sign, with neither state nor weight decay.
struct sign_descent {
    float learning_rate = 0.1f;
    static constexpr int slots = 0;
    template <class T>
    struct rule {
        T rate;
        template <class V>
        void operator()(V& p, const V& g, V*) const {
            using std::sqrt;
            p = p - rate * g / sqrt(g * g);
        }
    };
    template <class T>
    rule<T> at(std::int64_t, T rate) const {
        return {rate};
    }
};

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

TEST_CASE("groups of parameters follow rules of their own", "[train][trainer]") {
    model<net, policy> stepped{seed{3}}, manual{seed{3}};
    const adamw optimizer{.learning_rate = 0.02f, .weight_decay = 0.5f};
    trainer train{stepped, softmax_cross_entropy, optimizer, batch_capacity{3}};
    trainer gradients{manual, softmax_cross_entropy, optimizer, batch_capacity{3}};
    train.groups({{"*", {.learning_rate = 7.0f}},
                  {"0.*", {.learning_rate = 0.5f, .weight_decay = 0.25f}},
                  {"2.weight", {.learning_rate = 0.0f}},
                  {"2.bias", {.learning_rate = 0.02f}},
                  no_decay_for_biases});
    std::map<std::string, adamw> rules{{"0.weight", optimizer}, {"0.bias", optimizer}, {"2.bias", optimizer}};
    rules["0.weight"].learning_rate = rules["0.bias"].learning_rate = 0.5f;
    rules["0.weight"].weight_decay = 0.25f;
    rules["0.bias"].weight_decay = rules["2.bias"].weight_decay = 0;
    std::map<std::string, std::vector<double>> slots;
    const auto still = copy(stepped.parameter("2.weight"));
    for (int step = 1; step <= 3; ++step) {
        train.step(x, y, 0.5f);
        gradients.compute_gradients(x, y);
        for (const auto& [name, rule] : rules) {
            slots[name].resize(2 * manual.parameter(name).size());
            apply<double>(rule, manual.parameter(name), gradients.gradient(name), slots[name], step,
                          double(rule.learning_rate) * 0.5);
        }
        CHECK(copy(stepped.parameters()) == copy(manual.parameters()));
    }
    CHECK(copy(stepped.parameter("2.weight")) == still);

    CHECK_THROWS_WITH(train.groups({{"2.wieght", {.learning_rate = 1.0f}}}),
                      contains("'2.wieght'") && contains("0.weight, 0.bias, 2.weight, 2.bias"));
    CHECK_THROWS_WITH(train.groups({{"2.*", {.weight_decay = -1.0f}}}), contains("weight_decay is -1"));
    trainer plain{manual, softmax_cross_entropy, sign_descent{}, batch_capacity{3}};
    CHECK_NOTHROW(plain.groups({no_decay_for_biases}));
    CHECK_THROWS_WITH(plain.groups({{"2.*", {.weight_decay = 0.1f}}}),
                      contains("weight_decay: the optimiser has none"));
    // The same settings in pieces give the same bits, and no groups are one piece again.
    model<net, cpu> whole{seed{3}}, parts{seed{3}};
    trainer all{whole, softmax_cross_entropy, optimizer}, each{parts, softmax_cross_entropy, optimizer};
    const std::vector<float> inputs(x.begin(), x.end());
    for (int step = 0; step < 3; ++step) {
        each.groups({});
        if (step != 1) each.groups({{"*.bias", {.learning_rate = 0.02f}}});
        CHECK(all.step(inputs, y) == each.step(inputs, y));
        CHECK(copy(whole.parameters()) == copy(parts.parameters()));
    }
}

TEST_CASE("groups are named by patterns", "[train][trainer]") {
    using detail::name_fits;
    for (const char* pattern : {"0.weight", "*", "0.*", "*weight", "0*.*w*t", "**", "0.weight*"})
        CHECK(name_fits("0.weight", pattern));
    for (const char* pattern : {"", "0", "0.", "weight", "1.*", "*bias", "0.weight?", "*w", "0.weights*"})
        CHECK(!name_fits("0.weight", pattern));
}

TEST_CASE("lamb sees each tensor for itself", "[train][trainer]") {
    const lamb optimizer{.learning_rate = 0.1f};
    model<net, policy> stepped{seed{3}}, manual{seed{3}};
    model<net, cpu> on_cpu{seed{3}};
    trainer train{stepped, softmax_cross_entropy, optimizer, batch_capacity{3}};
    trainer gradients{manual, softmax_cross_entropy, optimizer, batch_capacity{3}};
    trainer fast{on_cpu, softmax_cross_entropy, optimizer, batch_capacity{3}};
    for (double& b : manual.parameter("2.bias")) b = 0;  // a norm of 0
    on_cpu.assign(manual);
    stepped.assign(manual);
    train.groups({{"2.*", {.learning_rate = 0.2f}}});
    fast.groups({{"2.*", {.learning_rate = 0.2f}}});
    const std::vector<float> inputs(x.begin(), x.end());
    std::map<std::string, std::vector<double>> slots;
    for (int step = 1; step <= 3; ++step) {
        train.step(x, y);
        fast.step(inputs, y);
        gradients.compute_gradients(x, y);
        for (const auto& t : manual.state()) {
            slots[t.name].resize(2 * t.data.size());
            apply<double>(optimizer, t.data, gradients.gradient(t.name), slots[t.name], step,
                          double(t.name[0] == '2' ? 0.2f : 0.1f));
        }
        CHECK(copy(stepped.parameters()) == copy(manual.parameters()));
        for (std::size_t i = 0; i < stepped.parameters().size(); ++i)
            CHECK(double(on_cpu.parameters()[i]) ==
                  Approx(stepped.parameters()[i]).epsilon(1e-4).margin(1e-5));
    }
}

namespace {

/// Batches of one and two samples as one step are one of three.
template <class Loss>
void accumulates(const Loss& loss) {
    model<net, policy> stepped{seed{3}}, accumulated{seed{3}};
    const adam optimizer{.learning_rate = 0.02f};
    trainer at_once{stepped, loss, optimizer, batch_capacity{3}};
    trainer in_parts{accumulated, loss, optimizer, batch_capacity{2}};
    in_parts.clip(clip_by_norm{0.5f});
    at_once.clip(clip_by_norm{0.5f});
    const std::span all(x);
    for (int step = 0; step < 3; ++step) {
        at_once.step(x, y, 0.5f);
        in_parts.accumulate(all.first(4), std::span(y).first(1));
        in_parts.accumulate(all.last(8), std::span(y).last(2));
        in_parts.update(0.5f);
        for (std::size_t i = 0; i < stepped.parameters().size(); ++i) {
            CHECK(in_parts.gradients()[i] == Approx(at_once.gradients()[i]).epsilon(1e-10).margin(1e-12));
            CHECK(accumulated.parameters()[i] == Approx(stepped.parameters()[i]).epsilon(1e-10));
        }
    }
    CHECK(in_parts.steps() == 3);
}

}  // namespace

TEST_CASE("batches that are accumulated are one step", "[train][trainer]") {
    accumulates(softmax_cross_entropy);
    accumulates(softmax_cross_entropy_with<class_weights>.weights({0.5f, 2, 1.25f}));
    accumulates(summed(softmax_cross_entropy));

    // clang-format off
    constexpr auto dropped = input<4> >> dense<8> >> dropout<0.5> >> dense<3>;
    // clang-format on
    model<dropped, cpu> one{seed{3}}, other{seed{3}};
    trainer steps{one, softmax_cross_entropy, adam{}, batch_capacity{3}};
    trainer parts{other, softmax_cross_entropy, adam{}, batch_capacity{3}};
    const std::vector<float> inputs(x.begin(), x.end());
    CHECK_THROWS_WITH(parts.update(), contains("no batch was accumulated"));
    for (int step = 0; step < 2; ++step) {  // one batch is a step, bit for bit
        CHECK(steps.step(inputs, y) == parts.accumulate(inputs, y));
        parts.update();
        CHECK(copy(one.parameters()) == copy(other.parameters()));
    }
    CHECK_THROWS_AS(parts.update(), error);
    const float first = parts.accumulate(inputs, y);
    CHECK(parts.accumulate(inputs, y) != first);  // each has dropout of its own
    const auto kept = copy(other.parameters());
    CHECK_THROWS_WITH(parts.accumulate(std::vector<float>(12, INFINITY), y), contains("input 0 is infinite"));
    CHECK(copy(other.parameters()) == kept);
    CHECK_NOTHROW(parts.update());  // of the two that were
    CHECK(parts.steps() == 3);
}

TEST_CASE("averages go on from a checkpoint", "[train][trainer]") {
    const std::string path = "trainer_test_average.safetensors";
    model<net, policy> m{seed{3}};
    trainer train{m, softmax_cross_entropy, sgd{.learning_rate = 0.5f}, batch_capacity{3}};
    averaged whole{m, swa{}}, before{m, swa{}}, after{m, swa{}};
    for (int step = 0; step < 4; ++step) {
        train.step(x, y);
        whole.update(m);
        (step < 2 ? before : after).update(m);
        if (step != 1) continue;
        save(before, path);
        load(after, path);
    }
    CHECK(after.updates() == 4);
    CHECK(copy(after.model().parameters()) == copy(whole.model().parameters()));
    after.copy_to(m);
    CHECK(copy(m.parameters()) == copy(whole.model().parameters()));
    std::remove(path.c_str());
    CHECK_THROWS_WITH((averaged{m, ema{1.5f}}), contains("decay of 1.5"));
    CHECK_THROWS_AS((averaged{m, ema{NAN}}), error);
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

TEST_CASE("a model is copied with its numbers, and keeps its addresses", "[train][trainer]") {
    model<net, policy> m{seed{3}, batch_capacity{5}}, other{seed{4}};
    trainer train{m, softmax_cross_entropy, sgd{.learning_rate = 0.1f}, batch_capacity{3}};
    train.step(x, y);
    const auto trained = copy(m.parameters());
    model<net, policy> copied = m, moved = std::move(m);
    CHECK(copied.random_seed().value == 3);
    CHECK(copy(copied.parameters()) == trained);
    CHECK(copy(moved.parameters()) == trained);
    CHECK(copy(m.parameters()) == trained);  // moved from, and what it was
    CHECK(copied.parameters().data() != m.parameters().data());
    std::vector<double> first(9), second(9);
    m.predict(x, first);
    copied.predict(x, second);
    CHECK(first == second);

    // A trainer goes on from whatever is assigned.
    const double* const where = m.parameters().data();
    m = other;
    CHECK(m.random_seed().value == 4);
    const double loss = train.compute_gradients(x, y);
    trainer fresh{other, softmax_cross_entropy, sgd{.learning_rate = 0.1f}, batch_capacity{3}};
    CHECK(loss == fresh.compute_gradients(x, y));
    m = model<net, policy>{seed{5}};
    train.step(x, y);
    CHECK(m.parameters().data() == where);
    CHECK(copy(m.parameters()) != copy(model<net, policy>{seed{5}}.parameters()));
    CHECK(copy(copied.parameters()) == trained);

    // clang-format off
    constexpr auto normalized = input<2> >> batch_norm >> dense<1>;
    // clang-format on
    model<normalized, policy> statistics;
    statistics.parameter("0.running_mean")[1] = 7;
    const model<normalized, policy> with_statistics = statistics;
    CHECK(with_statistics.parameter("0.running_mean")[1] == 7);
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
    CHECK_THROWS_WITH(step(4 * 17, 17),
                      contains("17 samples") && contains("16; make it with batch_capacity{17}"));
    CHECK_NOTHROW(step(4 * 16, 16));
    CHECK(train.steps() == 1);
    CHECK_THROWS_WITH(train.batch_inputs(17), contains("17 samples"));
    CHECK_THROWS_WITH(train.batch_targets(17), contains("17 samples"));
    CHECK_THROWS_WITH(train.step_loaded(17), contains("17 samples"));
    CHECK_THROWS_WITH(train.step_loaded(0), contains("0 samples"));
    CHECK_THROWS_WITH(train.correct(17), contains("17 samples"));
    CHECK_THROWS_WITH(train.predictions(17), contains("17 samples"));
    CHECK(train.steps() == 1);
}

TEST_CASE("a label outside the classes is named with its sample", "[train][trainer]") {
    model<net, policy> m;
    const auto before = copy(m.parameters());
    trainer train{m, softmax_cross_entropy, sgd{}, batch_capacity{3}};
    CHECK_THROWS_WITH(train.step(x, std::vector<int>{0, 3, 1}), contains("sample 1") &&
                                                                    contains("label is 3") &&
                                                                    contains("3 classes: labels are 0 to 2"));
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
                      contains("step 2") && contains("sample 0") && contains("input 1 is not a number"));
    CHECK_THROWS_WITH(train.step(good, std::vector<double>{1, infinity}),
                      contains("sample 1") && contains("target 0 is infinite"));
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

TEST_CASE("matrices and tensors go in and out where they are", "[train][trainer]") {
    using rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    model<net, policy> m{seed{3}}, same{seed{3}};
    trainer train{m, softmax_cross_entropy, sgd{}}, follow{same, softmax_cross_entropy, sgd{}};
    const std::vector<double> outputs = m.predict(x);
    const rows in = Eigen::Map<const rows>(x.data(), 3, 4);
    rows out(3, 3);
    const auto as_before = [&] { return copy(std::span<const double>(out.data(), 9)) == outputs; };
    m.predict(in, out);
    CHECK(as_before());
    CHECK(m.predict(in) == outputs);
    const Eigen::MatrixXd columns = in.transpose();  // a sample in each column
    Eigen::MatrixXd out_columns(3, 3);
    m.predict(columns.transpose(), out_columns.transpose());
    out = out_columns.transpose();
    CHECK(as_before());
    std::vector<double> room(9);
    m.predict(Eigen::Map<const rows>(x.data(), 3, 4), room);
    CHECK(room == outputs);
    const Eigen::VectorXd one = in.row(1).transpose();
    CHECK(m.predict(one) == std::vector<double>(outputs.begin() + 3, outputs.begin() + 6));
    CHECK_THROWS_WITH(m.predict(in.leftCols(2)), contains("3 x 2") && contains("gaps"));
    CHECK_THROWS_WITH(m.predict(in.topRows(2), out), contains("8 inputs and room for 9"));

    const Eigen::Vector3i labels(y[0], y[1], y[2]);
    CHECK(train.step(in, labels) == follow.step(x, y));
    CHECK(train.step(columns.transpose(), std::array<int, 3>{2, 0, 1}) == follow.step(x, y));
    const std::vector<int> classes = m.classify(x);
    REQUIRE(classes.size() == 3);
    CHECK(m.classify_one(std::span(x).subspan(4, 4)) == classes[1]);
    CHECK_THROWS_WITH(m.classify_one(x), contains("12 inputs"));
    const std::vector<double> now = m.predict(x);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(*std::max_element(now.begin() + 3 * long(i), now.begin() + 3 * long(i) + 3) ==
              now[3 * i + std::size_t(classes[i])]);
}
