/// Callbacks of fit: what they see, how they stop it, what they keep; and a run that goes on after one.

#include <cstdio>

#include "../catch.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<3> >> dense<6> >> batch_norm >> relu >> dense<2>;
// clang-format on
using policy = reference_policy<double>;
using net_model = model<net, policy>;
using samples = data::dataset<double, int>;

samples make_samples(std::size_t n, std::uint64_t s) {
    random_stream draw{seed{s}, 1};
    samples d;
    d.input_size = 3;
    for (std::size_t i = 0; i < n; ++i) {
        for (int k = 0; k < 3; ++k) d.inputs.push_back(2 * double(draw.uniform()) - 1);
        d.targets.push_back(d.inputs[3 * i] > d.inputs[3 * i + 1]);
    }
    return d;
}

const progress_options silent{.style = progress_style::silent};
const samples train_set = make_samples(40, 1), test_set = make_samples(30, 2);
const fit_options<samples> options{
    .epochs = 6, .batch_size = 16, .validation = &test_set, .progress = silent};  // 16 + 16 + 8

std::vector<double> numbers_of(net_model& m) {
    std::vector<double> all(m.parameters().begin(), m.parameters().end());
    all.insert(all.end(), m.statistics().begin(), m.statistics().end());
    return all;
}

/// A file that goes away with the test.
struct temporary_file {
    std::string path;
    explicit temporary_file(std::string name) : path("callbacks_test_" + name) { std::remove(path.c_str()); }
    ~temporary_file() { std::remove(path.c_str()); }
};

/// Gives numbers in their order as the metric "score".
struct scripted {
    std::vector<double> values;
    template <class Training>
    void after_epoch(Training& t) const {
        t.report("score", values.at(std::size_t(t.epoch - 1)));
    }
};
/// Notes all that it is told.
struct noting {
    std::vector<std::string>& seen;
    void begin(auto& t) { seen.push_back("begin " + std::to_string(t.epochs)); }
    void after_batch(auto& t) {
        seen.push_back(std::to_string(t.batch) + "/" + std::to_string(t.batches));
        CHECK(std::isfinite(t.batch_loss));
        if (t.batch == 1) CHECK(t.record.loss == Approx(t.batch_loss));
    }
    void after_epoch(auto& t) {
        seen.push_back("epoch " + std::to_string(t.epoch));
        CHECK(std::isfinite(t.record.validation_loss));
    }
    void end(auto& t) { seen.push_back("end " + std::to_string(t.steps())); }
};
const watched_metric score{"score", goal::highest};

}  // namespace

TEST_CASE("callbacks see every batch and every epoch", "[train][callbacks]") {
    net_model m{seed{1}};
    std::vector<std::string> seen;
    fit_options<samples> two = options;
    two.epochs = 2;
    double losses = 0;
    const history h = fit(
        m, train_set, softmax_cross_entropy, sgd{}, two, noting{seen},
        [&](auto& t) { losses += t.record.loss; },
        metric{"size", [](auto& model) { return double(model.parameters().size()); }});
    CHECK(seen == std::vector<std::string>{"begin 2", "1/3", "2/3", "3/3", "epoch 1", "1/3", "2/3", "3/3",
                                           "epoch 2", "end 6"});
    CHECK(losses == h[0].loss + h[1].loss);
    CHECK(h[1].number("size") == double(m.parameters().size()));
    CHECK(h.csv().find("samples_per_second,size\n") != std::string::npos);
    CHECK(h.stopped_by().empty());
}

TEST_CASE("a callback stops training, after a batch or an epoch", "[train][callbacks]") {
    net_model m{seed{1}};
    trainer train{m, softmax_cross_entropy, sgd{}};
    const history h = fit(train, train_set, options, on_batch{[](auto& t) {
                              if (t.steps() == 5) t.stop("five steps");
                          }});
    CHECK(train.steps() == 5);
    CHECK(h.size() == 2);
    CHECK(h.stopped_by() == "five steps");
    // And goes on from there, in the middle of an epoch, to the bits of a run without a stop.
    CHECK(fit(train, train_set, options).size() == 5);
    net_model straight{seed{1}};
    fit(straight, train_set, softmax_cross_entropy, sgd{}, options);
    CHECK(numbers_of(m) == numbers_of(straight));
}

TEST_CASE("early_stopping waits for a better epoch", "[train][callbacks]") {
    net_model m{seed{1}};
    early_stopping stopping{.patience = 2, .metric = score};
    const history h = fit(m, train_set, softmax_cross_entropy, sgd{}, options,
                          scripted{{0.1, 0.3, 0.2, 0.3, 0.9, 0.9}}, stopping);
    CHECK(h.size() == 4);  // 0.3 again is no better
    CHECK(stopping.best == 0.3);
    CHECK(stopping.waited == 2);
    CHECK_THAT(h.stopped_by(), contains("early_stopping") && contains("score") && contains("2 epochs"));

    const auto run = [&](early_stopping s) {
        fit(m, train_set, softmax_cross_entropy, sgd{}, options, scripted{{1, 2, 3, 4, 5, 6}}, s);
    };
    CHECK_THROWS_WITH(run({.patience = 0}), contains("patience"));
    CHECK_THROWS_WITH(run({.metric = {"scores"}}), contains("no metric 'scores'"));
    CHECK(watched_metric{"validation_accuracy"}.better(0.9, 0.8));
    CHECK(watched_metric{"validation_loss"}.better(0.8, 0.9));
    CHECK(watched_metric{}.better(0.8, std::nan("")));
    CHECK_FALSE(watched_metric{}.better(std::nan(""), 0.8));
    CHECK_FALSE(watched_metric{}.better(0.75, 0.8, 0.1));
}

TEST_CASE("the best numbers come back, or are in a file", "[train][callbacks]") {
    const temporary_file file("best.safetensors"), run("run.safetensors");
    const scripted scores{{0.1, 0.5, 0.4, 0.45, 0.6, 0.2}};
    net_model m{seed{1}}, best{seed{9}}, third{seed{1}};
    std::vector<double> after[7];
    const auto note = [&](auto& t) { after[t.epoch] = numbers_of(t.model()); };
    fit(m, train_set, softmax_cross_entropy, sgd{}, options, scores, note, restore_best{score});
    CHECK(numbers_of(m) == after[5]);

    // keep_best survives a process: after epoch 3 another goes on.
    fit_options<samples> three = options;
    three.epochs = 3;
    {
        trainer train{third, softmax_cross_entropy, sgd{}};
        fit(train, train_set, three, scores, keep_best{file.path, score}, checkpoints{run.path});
    }
    load(best, file.path);
    CHECK(numbers_of(best) == after[2]);
    net_model again{seed{1}};
    trainer train{again, softmax_cross_entropy, sgd{}};
    load(train, run.path);
    keep_best keeper{file.path, score};
    fit_options<samples> four = options;
    four.epochs = 4;
    fit(train, train_set, four, scores, keeper);
    CHECK(keeper.best == 0.5);  // 0.45 is better than nothing, and no better than what the file has
    CHECK(keeper.epoch == 2);
    load(best, file.path);
    CHECK(numbers_of(best) == after[2]);
    fit(train, train_set, options, scores, keep_best{file.path, score});
    load(best, file.path);
    CHECK(numbers_of(best) == after[5]);

    // A file that is not keep_best's, or of another metric, stays.
    const auto refused = [&](const char* path, watched_metric watched) {
        net_model fresh{seed{1}};
        fit(fresh, train_set, softmax_cross_entropy, sgd{}, options, scores, keep_best{path, watched});
    };
    CHECK_THROWS_WITH(refused(run.path.c_str(), score), contains("not written"));
    CHECK_THROWS_WITH(refused(file.path.c_str(), {}), contains("'score'") && contains("the loss"));
}

TEST_CASE("checkpoints by the clock lie between two batches", "[train][callbacks]") {
    const temporary_file file("clock.safetensors");
    static double now;
    now = 0;
    net_model killed{seed{1}}, resumed{seed{1}}, straight{seed{1}};
    fit(straight, train_set, softmax_cross_entropy, sgd{}, options);
    trainer first{killed, softmax_cross_entropy, sgd{}};
    struct kill {};
    auto interrupt = on_batch{[](auto& t) {
        now += 60;
        if (t.steps() == 9) throw kill{};
    }};
    CHECK_THROWS_AS(
        fit(first, train_set, options, interrupt, checkpoints{file.path, minutes{4}, [] { return now; }}),
        kill);
    trainer second{resumed, softmax_cross_entropy, sgd{}};
    load(second, file.path);
    CHECK(second.steps() == 8);  // of which 2 are of the third epoch
    const history rest = fit(second, train_set, options);
    CHECK(rest.size() == 4);
    CHECK(rest[0].epoch == 3);
    CHECK(numbers_of(resumed) == numbers_of(straight));
    CHECK_THROWS_WITH((checkpoints{file.path, epochs{0.5}}), contains("whole number of epochs"));
    CHECK_THROWS_WITH((checkpoints{file.path, minutes{0}}), contains("minutes"));
}

TEST_CASE("batches that are accumulated, groups of parameters, and a plateau", "[train][callbacks]") {
    fit_options<samples> how = options;
    how.epochs = 2;
    how.batch_size = 16;
    how.shuffle = false;
    how.groups = {{"3.*", {.learning_rate = 0.5f}}};
    net_model fitted{seed{1}}, stepped{seed{1}};
    std::vector<double> rates;
    const history h =
        fit(fitted, train_set, softmax_cross_entropy, sgd{.learning_rate = 0.25f}, how, accumulation{2},
            scripted{{3, 3}}, reduce_on_plateau{{.factor = 0.5f, .patience = 0}, {"score"}},
            on_batch{[&](auto& t) { rates.push_back(t.record.learning_rate); }});
    CHECK(rates == std::vector<double>{0.25, 0.25, 0.25, 0.25});
    trainer train{stepped, softmax_cross_entropy, sgd{.learning_rate = 0.25f}};
    train.groups(how.groups);
    double loss = 0;
    for (int epoch = 0; epoch < 2; ++epoch) {
        loss = 0;
        for (std::size_t first = 0; first < 40; first += 16) {
            const std::size_t n = std::min<std::size_t>(16, 40 - first);
            loss += double(n) * train.accumulate(std::span(train_set.inputs).subspan(3 * first, 3 * n),
                                                 std::span(train_set.targets).subspan(first, n));
            if (first != 0) train.update();
        }
    }
    CHECK(train.steps() == 4);  // of 32 and 8 samples
    CHECK(h[1].loss == Approx(loss / 40).epsilon(1e-12));
    CHECK(numbers_of(fitted) == numbers_of(stepped));
    how.epochs = 3;
    how.groups.clear();
    const history lower =
        fit(fitted, train_set, softmax_cross_entropy, sgd{.learning_rate = 0.25f}, how, scripted{{3, 3, 3}},
            reduce_on_plateau{{.factor = 0.5f, .patience = 0}, {"score"}});
    CHECK(lower[1].learning_rate == 0.25);
    CHECK(lower[2].learning_rate == 0.125);
    CHECK_THROWS_WITH(fit(fitted, train_set, softmax_cross_entropy, sgd{}, how, accumulation{0}),
                      contains("accumulation") && contains("0 batches"));
}

TEST_CASE("a loop of single epochs shows where it is", "[train][callbacks]") {
    std::FILE* const out = std::tmpfile();
    REQUIRE(out);
    static double now;
    now = 0;
    net_model m{seed{1}};
    trainer train{m, softmax_cross_entropy, sgd{}};
    for (int epoch = 1; epoch <= 3; ++epoch)
        fit(train, train_set,
            {.epochs = epoch == 3 ? 5 : epoch,
             .batch_size = 16,
             .progress = {.style = progress_style::log, .stream = out, .clock = [] { return now += 0.5; }}},
            [](auto& t) { t.report("twice", 2.0 * t.epoch); });
    std::rewind(out);
    std::string text;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text += char(c);
    std::fclose(out);
    const auto line = [&](int number) {
        std::size_t begin = 0;
        for (int i = 1; i < number; ++i) begin = text.find('\n', begin) + 1;
        return text.substr(begin, text.find('\n', begin) - begin);
    };
    CHECK_THAT(line(1), contains("epoch 1/1") && !contains("left"));
    CHECK_THAT(line(2), contains("epoch 2/2") && contains("twice 4.0000"));
    CHECK_THAT(line(3), contains("epoch 3/5") && contains("left"));
    CHECK_THAT(line(5), contains("epoch 5/5") && !contains("left"));
    // Two epochs are left when one has taken some seconds: twice those.
    const auto seconds = [](const std::string& l, const char* end) {
        const std::size_t at = l.find(end);
        const std::size_t begin = l.find_last_of(' ', at - 1) + 1;
        return std::stod(l.substr(begin));
    };
    CHECK(seconds(line(3), " s left") <= 3 * seconds(line(3), " s  "));
}
