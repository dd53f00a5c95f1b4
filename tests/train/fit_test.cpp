/// fit and evaluate: histories, validation, partial batches, schedules, and errors.

#include <cstdio>
#include <limits>

#include "../catch.hpp"
#include "weft/data/normalizer.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<3> >> dense<8> >> weft::tanh >> dense<2>;
// clang-format on
using policy = reference_policy<double>;
using samples = data::dataset<double, int>;

/// The class is whether x0 + x1 > x2.
samples make_samples(std::size_t n, std::uint64_t s) {
    random_stream draw{seed{s}, 1};
    samples d;
    d.input_size = 3;
    for (std::size_t i = 0; i < n; ++i) {
        for (int k = 0; k < 3; ++k) d.inputs.push_back(2 * double(draw.uniform()) - 1);
        const double* x = d.inputs.data() + 3 * i;
        d.targets.push_back(x[0] + x[1] > x[2]);
    }
    return d;
}

const progress_options silent{.style = progress_style::silent};

std::vector<double> copy(std::span<const double> s) { return {s.begin(), s.end()}; }

}  // namespace

TEST_CASE("fit learns, and its history tells", "[train][fit]") {
    const samples train = make_samples(200, 1), test = make_samples(77, 2);
    model<net, policy> m{seed{1}};
    const history h = fit(m, train, softmax_cross_entropy, adam{.learning_rate = 0.02f},
                          {.epochs = 12, .batch_size = 32, .validation = &test, .progress = silent});
    REQUIRE(h.size() == 12);
    for (std::size_t i = 0; i < h.size(); ++i) {
        CHECK(h[i].epoch == int(i) + 1);
        CHECK(std::isfinite(h[i].validation_loss));
        CHECK(h[i].learning_rate == double(0.02f));
        CHECK(h[i].seconds >= 0);
    }
    CHECK(h.back().loss < 0.5 * h.front().loss);
    CHECK(h.back().accuracy > 0.9);
    CHECK(h.back().validation_accuracy > 0.85);
    const evaluation score = evaluate(m, test, softmax_cross_entropy);
    CHECK(score.loss == h.back().validation_loss);
    CHECK(score.accuracy == h.back().validation_accuracy);
}

TEST_CASE("a run that is saved, killed and resumed gives the same bits", "[train][fit]") {
    // clang-format off
    constexpr auto with_state = input<3> >> dense<8> >> batch_norm >> relu >> dropout<0.3> >> dense<2>;
    // clang-format on
    const samples data = make_samples(50, 7), other = make_samples(64, 7);
    const schedule rate = schedule::cosine(epochs{5});
    const std::string path = "fit_test_resume.safetensors";
    model<with_state, policy> straight{seed{3}};
    const history whole = fit(straight, data, softmax_cross_entropy, adam{},
                              {.epochs = 5, .batch_size = 16, .rate = rate, .progress = silent});
    {
        model<with_state, policy> m{seed{3}};
        trainer first{m, softmax_cross_entropy, adam{}};
        CHECK(fit(first, data, {.epochs = 2, .batch_size = 16, .rate = rate, .progress = silent}).size() ==
              2);
        CHECK_THROWS_WITH(fit(first, other, {.epochs = 3, .batch_size = 13, .progress = silent}),
                          contains("its 8 steps were made in epochs of 4 batches of 16 samples"));
        save(first, path);
    }
    // The seed comes with the file: shuffling and dropout follow from it.
    model<with_state, policy> m{seed{4}};
    trainer train{m, softmax_cross_entropy, adam{}};
    load(train, path);
    CHECK(train.steps() == 8);
    CHECK(m.random_seed().value == 3);
    const metadata_entries metadata = load_metadata(path);
    CHECK(*find_metadata(metadata, "format") == "pt");
    CHECK(*find_metadata(metadata, "weft.seed") == "3");
    CHECK(*find_metadata(metadata, "weft.optimizer") == "adam");
    CHECK(*find_metadata(metadata, "weft.batch_size") == "16");
    CHECK(*find_metadata(metadata, "weft.batches_per_epoch") == "4");
    // Eight steps would be eight epochs of one batch, and nothing would be left to do.
    CHECK_THROWS_WITH(
        fit(train, data, {.epochs = 5, .batch_size = 64, .progress = silent}),
        contains("its 8 steps were made in epochs of 4 batches of 16 samples, and these are epochs of 1 "
                 "batches of 50 samples"));
    {
        // A model takes the weights, another optimiser nothing.
        model<with_state, policy> fresh{seed{5}};
        load(fresh, path);
        CHECK(copy(fresh.parameters()) == copy(m.parameters()));
        CHECK(fresh.random_seed().value == 5);
        trainer decoupled{fresh, softmax_cross_entropy, adamw{}};
        CHECK_THROWS_WITH(
            load(decoupled, path),
            contains("cannot load a trainer: fit_test_resume.safetensors: the file has the state of the "
                     "optimiser 'adam', and the trainer is of 'adamw'"));
        CHECK(decoupled.steps() == 0);
    }
    history rest = fit(train, data, {.epochs = 4, .batch_size = 16, .rate = rate, .progress = silent});
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].epoch == 3);
    CHECK(rest[1].loss == whole[3].loss);
    CHECK(fit(train, data, {.epochs = 5, .batch_size = 16, .rate = rate, .progress = silent})[0].loss ==
          whole[4].loss);
    CHECK(copy(m.parameters()) == copy(straight.parameters()));
    CHECK(copy(m.statistics()) == copy(straight.statistics()));

    // A model's own file is no trainer's, and steps are a number of steps.
    save(m, path);
    CHECK_THROWS_WITH(load(train, path), contains("optimizer.steps [2]"));
    auto state = train.state();
    state.back().data[1] = 0.5;
    io::write_safetensors(path, state, {});
    const auto before = copy(m.parameters());
    CHECK_THROWS_WITH(load(train, path), contains("no number of steps"));
    CHECK(copy(m.parameters()) == before);
    io::write_safetensors(path, train.state(), {{"weft.seed", "-3"}});
    CHECK_THROWS_WITH(load(train, path), contains("'weft.seed' in its metadata is no whole number"));

    // A file that says nothing, of more steps than an int counts: all epochs are made.
    state = train.state();
    state.back().data[0] = state.back().data[1] = (1 << 20) - 1;
    io::write_safetensors(path, state, {});
    load(train, path);
    CHECK(m.random_seed().value == 3);
    CHECK(train.steps() == (std::int64_t(1) << 40) - 1);
    CHECK(fit(train, data, {.epochs = 5, .batch_size = 64, .progress = silent}).empty());
    CHECK(copy(m.parameters()) == before);
    std::remove(path.c_str());
}

TEST_CASE("epochs that are asked for take no memory before they are made", "[train][fit]") {
    const samples data = make_samples(20, 1);
    model<net, policy> m;
    progress_options stopped = silent;
    stopped.clock = [] {
        static int calls = 0;
        if (++calls > 50) raise("the test", "the clock", "it is late");
        return double(calls);
    };
    CHECK_THROWS_WITH(fit(m, data, softmax_cross_entropy, sgd{},
                          {.epochs = std::numeric_limits<int>::max(), .batch_size = 20, .progress = stopped}),
                      contains("it is late"));
}

TEST_CASE("fit's loss of an epoch weighs samples as the loss does", "[train][fit]") {
    const samples data = make_samples(50, 8);
    const auto loss = softmax_cross_entropy_with<class_weights>.weights({1, 9});
    model<net, policy> m{seed{4}};
    const history h = fit(m, data, loss, sgd{.learning_rate = 0}, {.batch_size = 7, .progress = silent});
    CHECK(h[0].loss == Approx(evaluate(m, data, loss).loss).epsilon(1e-12));
}

TEST_CASE("without validation the history has none", "[train][fit]") {
    const samples train = make_samples(20, 1);
    model<net, policy> m;
    const history h = fit(m, train, softmax_cross_entropy, sgd{}, {.progress = silent});
    REQUIRE(h.size() == 1);
    CHECK(std::isnan(h[0].validation_loss));
    CHECK(std::isnan(h[0].validation_accuracy));
}

TEST_CASE("fit is the trainer's steps, with schedule, clipping and a smaller last batch", "[train][fit]") {
    const samples data = make_samples(50, 3);
    const sgd optimizer{.learning_rate = 0.3f, .momentum = 0.9f};
    const schedule rate = schedule::warmup(steps{3}, schedule::cosine(epochs{2}));
    model<net, policy> fitted{seed{5}}, stepped{seed{5}};
    const history h = fit(fitted, data, softmax_cross_entropy, optimizer,
                          {.epochs = 2,
                           .batch_size = 16,
                           .rate = rate,
                           .clip = clip_by_norm{0.05f},
                           .shuffle = false,
                           .progress = silent});
    trainer train{stepped, softmax_cross_entropy, optimizer, batch_capacity{16}};
    train.clip(clip_by_norm{0.05f});
    const schedule bound = rate.bound(4);  // 16 + 16 + 16 + 2
    for (int epoch = 0; epoch < 2; ++epoch) {
        double loss = 0, right = 0;
        for (std::size_t first = 0; first < 50; first += 16) {
            const std::size_t n = std::min<std::size_t>(16, 50 - first);
            loss += double(n) * train.step(std::span(data.inputs).subspan(3 * first, 3 * n),
                                           std::span(data.targets).subspan(first, n), bound(train.steps()));
            right += double(train.correct(n));
        }
        CHECK(h[std::size_t(epoch)].loss == Approx(loss / 50).epsilon(1e-12));
        CHECK(h[std::size_t(epoch)].accuracy == Approx(right / 50).epsilon(1e-12));
        CHECK(h[std::size_t(epoch)].learning_rate ==
              Approx(double(optimizer.learning_rate) * double(bound(train.steps() - 1))).epsilon(1e-6));
    }
    CHECK(copy(fitted.parameters()) == copy(stepped.parameters()));
}

TEST_CASE("fit shuffles by the model's seed", "[train][fit]") {
    const samples data = make_samples(40, 3);
    const auto run = [&](std::uint64_t s, bool shuffle) {
        model<net, policy> m{seed{s}};
        const auto start = model<net, policy>{seed{1}};
        std::copy(start.parameters().begin(), start.parameters().end(), m.parameters().begin());
        fit(m, data, softmax_cross_entropy, sgd{},
            {.epochs = 2, .batch_size = 8, .shuffle = shuffle, .progress = silent});
        return copy(m.parameters());
    };
    CHECK(run(1, true) == run(1, true));
    CHECK(run(1, true) != run(2, true));
    CHECK(run(1, true) != run(1, false));
    CHECK(run(1, false) == run(2, false));
}

TEST_CASE("evaluate averages over all samples, whatever the batches", "[train][fit]") {
    const samples data = make_samples(37, 4);
    const model<net, policy> m{seed{2}};
    const evaluation whole = evaluate(m, data, softmax_cross_entropy);
    std::vector<double> logits(2 * 37);
    model<net, policy> same{seed{2}};
    same.predict(data.inputs, logits);
    double loss = 0, right = 0;
    for (std::size_t i = 0; i < 37; ++i) {
        const double a = logits[2 * i], b = logits[2 * i + 1], c = data.targets[i] ? b : a;
        loss += std::log(std::exp(a) + std::exp(b)) - c;
        right += (b > a) == (data.targets[i] == 1);
    }
    CHECK(whole.loss == Approx(loss / 37).epsilon(1e-12));
    CHECK(whole.accuracy == Approx(right / 37).epsilon(1e-12));
    const evaluation parts = evaluate(m, data, softmax_cross_entropy, batch_capacity{16});
    CHECK(parts.loss == Approx(whole.loss).epsilon(1e-12));
    CHECK(parts.accuracy == whole.accuracy);
}

TEST_CASE("a regression has no accuracy", "[train][fit]") {
    data::dataset<double, double> d({1, 2, 3, 4, 5, 6}, {1, 0, 0, 1}, 3, 2);
    model<net, policy> m;
    const history h = fit(m, d, mean_squared_error, sgd{}, {.validation = d, .progress = silent});
    CHECK(std::isnan(h[0].accuracy));
    CHECK(std::isnan(h[0].validation_accuracy));
    CHECK(std::isfinite(h[0].validation_loss));
    CHECK(std::isnan(evaluate(m, d, mean_squared_error).accuracy));
}

TEST_CASE("fit and evaluate refuse data that does not fit", "[train][fit]") {
    model<net, policy> m;
    samples data = make_samples(10, 1);
    const auto run = [&] { fit(m, data, softmax_cross_entropy, sgd{}, {.progress = silent}); };
    data.targets[7] = 2;
    CHECK_THROWS_WITH(run(), contains("sample 7") && contains("label is 2") && contains("2 classes"));
    CHECK_THROWS_WITH(evaluate(m, data, softmax_cross_entropy),
                      contains("cannot evaluate") && contains("sample 7") && contains("label is 2"));
    data.targets[7] = -5;
    CHECK_THROWS_WITH(run(), contains("sample 7") && contains("label is -5"));
    const samples wide({1, 2, 3, 4}, {0}, 4);
    CHECK_THROWS_WITH(fit(m, wide, softmax_cross_entropy, sgd{}, {.progress = silent}),
                      contains("4 inputs") && contains("take 3"));
    CHECK_THROWS_WITH(evaluate(m, wide, softmax_cross_entropy), contains("cannot evaluate"));
    samples short_of_targets = make_samples(10, 1), short_of_inputs = short_of_targets;
    short_of_targets.targets.pop_back();
    short_of_inputs.inputs.pop_back();
    for (const samples& each : {short_of_targets, short_of_inputs}) {
        CHECK_THROWS_WITH(fit(m, each, softmax_cross_entropy, sgd{}, {.progress = silent}),
                          contains("cannot train") && contains("inputs, 3 for each sample"));
        CHECK_THROWS_WITH(evaluate(m, each, softmax_cross_entropy),
                          contains("cannot evaluate") && contains("inputs, 3 for each sample"));
    }
    CHECK_THROWS_WITH(fit(m, samples{}, softmax_cross_entropy, sgd{}, {.progress = silent}),
                      contains("empty"));
    data = make_samples(10, 1);
    CHECK_THROWS_WITH(fit(m, data, softmax_cross_entropy, sgd{}, {.epochs = 0, .progress = silent}),
                      contains("epochs"));
    CHECK_THROWS_WITH(fit(m, data, softmax_cross_entropy, sgd{}, {.batch_size = 0, .progress = silent}),
                      contains("batch_size"));
    // Validation data is checked before an epoch is spent.
    const auto untouched = copy(m.parameters());
    CHECK_THROWS_WITH(fit(m, data, softmax_cross_entropy, sgd{}, {.validation = &wide, .progress = silent}),
                      contains("take 3"));
    CHECK(copy(m.parameters()) == untouched);
}

TEST_CASE("fit stops where numbers stop being finite", "[train][fit]") {
    samples data = make_samples(40, 1);
    model<net, policy> m;
    data.inputs[100] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(
        fit(m, data, softmax_cross_entropy, sgd{}, {.progress = silent}),
        contains("cannot train") && contains("sample 33") && contains("input 1 is not a number"));
    CHECK_THROWS_WITH(evaluate(m, data, softmax_cross_entropy),
                      contains("cannot evaluate") && contains("sample 33") && contains("input 1"));
    const samples whole = make_samples(40, 1);
    CHECK_THROWS_WITH(fit(m, whole, softmax_cross_entropy, sgd{}, {.validation = &data, .progress = silent}),
                      contains("sample 33"));
    const data::dataset<double, double> d({1, 2, 3, 4, 5, 6}, {1, 0, 0, 1}, 3, 2);
    model<net, policy> fast;
    CHECK_THROWS_WITH(
        fit(fast, d, mean_squared_error, sgd{.learning_rate = 1e30f}, {.epochs = 200, .progress = silent}),
        contains("training stopped") && (contains("parameter '") || contains("operation")));
}

TEST_CASE("a model that is not finite has no score", "[train][fit]") {
    const samples data = make_samples(40, 1);
    model<net, policy> m;
    m.parameter("2.bias")[1] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(evaluate(m, data, softmax_cross_entropy),
                      contains("sample 0") && contains("output 1 for it is not a number"));
    std::vector<double> outputs(80);
    CHECK_NOTHROW(m.predict(data.inputs, outputs));
    CHECK_THROWS_WITH(m.predict_checked(data.inputs, outputs), contains("output 1 is not a number"));
    CHECK_THROWS_WITH(m.classify(data.inputs), contains("sample 0") && contains("output 1"));
    m.parameter("2.bias")[1] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH(m.predict_checked(data.inputs, outputs), contains("output 1 is infinite"));
    std::vector<double> broken = data.inputs;
    broken[7] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH(m.predict_checked(broken, outputs), contains("sample 2") && contains("input 1"));
}

TEST_CASE("fit sees what its last update did", "[train][fit]") {
    const data::dataset<float, float> d({1, 2, 3, 4, 5, 6}, {100, -100, 100, -100}, 3, 2);
    model<net, cpu> m;
    CHECK_THROWS_WITH(fit(m, d, mean_squared_error, sgd{.learning_rate = 1e38f}, {.progress = silent}),
                      contains("training stopped") && contains("step 1") && contains("parameter '"));
}

TEST_CASE("standardize has what a data set's features vary in", "[train][fit]") {
    // clang-format off
    constexpr auto linear = input<3> >> dense<2>;
    constexpr auto standardized = input<3> >> standardize >> dense<2>;
    constexpr auto images = input<2, 2, 3> >> named<"scale">(standardize) >> flatten;
    constexpr auto steps = input<2, 3> >> standardize;
    // clang-format on
    samples data = make_samples(50, 1);
    for (std::size_t i = 0; i < 50; ++i)
        data.inputs[3 * i] = 1e6 + 10 * double(i), data.inputs[3 * i + 2] = 0.1;
    model<standardized, policy> m{seed{1}};
    model<linear, policy> plain{seed{1}};
    std::copy_n(m.parameters().begin(), 8, plain.parameters().begin());
    CHECK(m.predict(data.inputs) == plain.predict(data.inputs));  // not adapted: as it is
    adapt(m, data);
    const auto scale = data::normalizer::fit(data);
    for (std::size_t f = 0; f < 3; ++f) {
        CHECK(m.parameter("0.mean")[f] == Approx(scale.mean[f]).epsilon(1e-12));
        CHECK(m.parameter("0.deviation")[f] == Approx(scale.deviation[f]).epsilon(1e-12));
    }
    samples normalized = data;
    scale.apply(normalized);
    const std::vector<double> outputs = m.predict(data.inputs), expected = plain.predict(normalized.inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i] == Approx(expected[i]).epsilon(1e-9));
    const history h = fit(m, data, softmax_cross_entropy, sgd{}, {.progress = silent});
    CHECK(h[0].loss == fit(plain, normalized, softmax_cross_entropy, sgd{}, {.progress = silent})[0].loss);
    CHECK(m.parameter("0.mean")[0] == Approx(scale.mean[0]).epsilon(1e-12));

    // By channel of an image, and by feature of steps.
    data::dataset<double, int> two({1, 2, 3, 4, 5, 6, 10, 10, 10, 20, 20, 20,  //
                                    3, 2, 1, 6, 5, 4, 10, 10, 10, 20, 20, 20},
                                   {0, 1}, 12);
    model<images, policy> by_channel;
    adapt(by_channel, two);
    CHECK(by_channel.parameter("scale.mean")[0] == 3.5);
    CHECK(by_channel.parameter("scale.mean")[1] == 15);
    CHECK(by_channel.parameter("scale.deviation")[1] == 5);
    const data::dataset<double, int> walk({1, 2, 7, 3, 4, 7}, {0}, 6);
    model<steps, policy> by_feature;
    adapt(by_feature, walk);
    CHECK(copy(by_feature.parameter("0.mean")) == std::vector<double>{2, 3, 0});
    CHECK(copy(by_feature.parameter("0.deviation")) == std::vector<double>{1, 1, 1});
    CHECK(by_feature.predict(walk.inputs) == std::vector<double>{-1, -1, 7, 1, 1, 7});

    data.inputs[4] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH(adapt(m, data), contains("cannot adapt") && contains("sample 1: input 1 is infinite"));
}
