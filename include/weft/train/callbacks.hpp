#pragma once
/// Ready callbacks of `fit`, behind its options. Errors, where training begins, for a patience or a length
/// that makes no sense; while it runs, for a metric that nobody measured, and those of save.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.epochs = 100, .validation = &more_flowers},
///         early_stopping{.patience = 5}, keep_best{"best.safetensors"});
///
///     trainer train{model, softmax_cross_entropy, adam{}};
///     const auto accuracy = [&](auto& m) { return evaluate(m, flowers, softmax_cross_entropy).accuracy; };
///     fit(train, flowers, {.epochs = 90, .batch_size = 3},
///         metric{"final accuracy", accuracy}, early_stopping{.metric = {"final accuracy", goal::highest}},
///         restore_best{watched_metric{"loss"}}, checkpoints{"run.safetensors", minutes{10}},
///         on_batch{[](auto& training) { std::printf("%g\n", training.batch_loss); }});

#include <sys/stat.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../io/checkpoint.hpp"
#include "detail/text.hpp"
#include "progress.hpp"
#include "schedule.hpp"
#include "training_run.hpp"

namespace weft {

/// A length of training on the clock. More than zero.
struct minutes {
    double count;
};

namespace detail {

/// A model's parameters and statistics, wherever they are, as bytes.
class model_copy {
public:
    template <class Model>
    void take(Model& model) {
        if constexpr (!Model::memory::on_host) {
            auto copy = model.on_host();
            take(copy);
        } else {
            bytes_.clear();
            for (const auto part : {std::as_bytes(model.parameters()), std::as_bytes(model.statistics())})
                bytes_.insert(bytes_.end(), part.begin(), part.end());
        }
    }
    template <class Model>
    void give(Model& model) const {
        if constexpr (!Model::memory::on_host) {
            auto copy = model.on_host();
            give(copy);
            model.assign(copy);
        } else {
            const auto first = model.parameters().size_bytes();
            std::memcpy(model.parameters().data(), bytes_.data(), first);
            std::memcpy(model.statistics().data(), bytes_.data() + first, model.statistics().size_bytes());
        }
    }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace detail

/// Ends training when a metric has not become better for `patience` epochs (Prechelt, "Early stopping - but
/// when?", 1998). The model keeps its last numbers; with restore_best beside it, its best.
struct early_stopping {
    int patience = 10;           ///< epochs in a row without a better one, at least 1
    double at_least = 0;         ///< what a better one must be better by
    watched_metric metric = {};  ///< by default the validation loss

    double best = std::nan("");  ///< so far
    int waited = 0;              ///< epochs since then

    template <class Training>
    void begin(Training&) const {
        if (patience < 1)
            raise("cannot train", "early_stopping",
                  "patience is at least 1, not " + std::to_string(patience));
    }
    template <class Training>
    void after_epoch(Training& t) {
        const double now = metric.of(t.record, "early_stopping");
        if (metric.better(now, best, at_least)) {
            best = now;
            waited = 0;
        } else if (++waited >= patience) {
            t.stop("early_stopping: no better " + metric.text() + " than " + detail::general(best, 6) +
                   " in " + std::to_string(waited) + (waited == 1 ? " epoch" : " epochs"));
        }
    }
};

/// Keeps the numbers of the best epoch in memory, and gives them back to the model at the end.
struct restore_best {
    watched_metric metric = {};  ///< by default the validation loss

    double best = std::nan("");  ///< so far
    int epoch = 0;               ///< in which it was

    template <class Training>
    void after_epoch(Training& t) {
        const double now = metric.of(t.record, "restore_best");
        if (epoch != 0 && !metric.better(now, best)) return;
        best = now;
        epoch = t.epoch;
        numbers_.take(t.model());
    }
    template <class Training>
    void end(Training& t) const {
        if (epoch != 0) numbers_.give(t.model());
    }

private:
    detail::model_copy numbers_;

public:
    explicit restore_best(watched_metric metric_ = {}) : metric(std::move(metric_)) {}
};

/// Writes the model to a file whenever an epoch is the best so far. The file says how good it is: a trainer
/// that goes on from a checkpoint goes on from there too, so that no worse epoch replaces it after a restart.
/// A trainer that has made no step yet begins anew. Error where the file is there and is not keep_best's.
struct keep_best {
    std::string path;            ///< a safetensors file, which load(model, path) reads
    watched_metric metric = {};  ///< by default the validation loss

    double best = std::nan("");  ///< so far
    int epoch = 0;               ///< in which it was

    template <class Training>
    void begin(Training& t) {
        struct stat status {};
        if (epoch != 0 || ::stat(path.c_str(), &status) != 0) return;
        const io::safetensors_file file(path);
        const std::string *name = file.find_metadata(keys[0]), *score = file.find_metadata(keys[1]),
                          *at = file.find_metadata(keys[2]);
        if (!name || !score || !at || *name != metric.text())
            raise("cannot train", path,
                  name ? "keep_best watched '" + *name + "' when it wrote this file, and now watches '" +
                             metric.text() + "'"
                       : "keep_best would replace this file, which it has not written");
        if (t.steps() == 0) return;
        const auto read = [&](const std::string& text, auto& number) {
            const char* const end = text.data() + text.size();
            if (std::from_chars(text.data(), end, number).ptr != end)
                raise("cannot train", path, "'" + text + "' in its metadata is no number");
        };
        read(*score, best);
        read(*at, epoch);
    }
    template <class Training>
    void after_epoch(Training& t) {
        const double now = metric.of(t.record, "keep_best");
        if (epoch != 0 && !metric.better(now, best)) return;
        best = now;
        epoch = t.epoch;
        save(t.model(), path,
             {{"format", "pt"},
              {keys[0], metric.text()},
              {keys[1], detail::general(best, 17)},
              {keys[2], std::to_string(epoch)}});
    }

private:
    static constexpr const char* keys[] = {"weft.best.metric", "weft.best.value", "weft.best.epoch"};

public:
    explicit keep_best(std::string path_, watched_metric metric_ = {})
        : path(std::move(path_)), metric(std::move(metric_)) {}
};

/// Saves the trainer (see save(trainer, path)) every so many epochs, or after every so many minutes, between
/// two batches; and at the end. `fit` on a trainer that has loaded the file goes on from there with the same
/// numbers.
class checkpoints {
public:
    explicit checkpoints(std::string path, epochs every = {1}) : path_(std::move(path)), every_(every.count) {
        check(every_ >= 1 && every_ == std::floor(every_), "a whole number of epochs, at least 1");
    }
    checkpoints(std::string path, minutes every, double (*clock)() = &steady_seconds)
        : path_(std::move(path)), every_(60 * every.count), clock_(clock) {
        check(every_ > 0, "minutes more than zero");
    }

    template <class Training>
    void begin(Training& t) {
        saved_steps_ = t.steps();
        if (clock_) last_ = clock_();
    }
    template <class Training>
    void after_batch(Training& t) {
        if (!clock_ || clock_() - last_ < every_) return;
        write(t);
        last_ = clock_();
    }
    template <class Training>
    void after_epoch(Training& t) {
        if (!clock_ && t.epoch % int(every_) == 0) write(t);
    }
    template <class Training>
    void end(Training& t) {
        if (t.steps() != saved_steps_) write(t);
    }

private:
    static void check(bool good, const char* wanted) {
        if (!good) raise("cannot train", "checkpoints", std::string("they are every ") + wanted);
    }
    template <class Training>
    void write(Training& t) {
        save(t.trainer(), path_);
        saved_steps_ = t.steps();
    }

    std::string path_;
    double every_;
    double (*clock_)() = nullptr;
    double last_ = 0;
    std::int64_t saved_steps_ = 0;
};

/// A metric of your own: `score(model)` after each epoch, by its name in what is shown and in the history.
/// Callbacks behind it can watch it.
template <class Score>
struct metric {
    std::string name;
    Score score;

    template <class Training>
    void after_epoch(Training& t) {
        t.report(name, double(score(t.model())));
    }
};
template <class Score>
metric(std::string, Score) -> metric<Score>;

/// Calls f(training) after each batch.
template <class F>
struct on_batch {
    F f;

    template <class Training>
    void after_batch(Training& t) {
        f(t);
    }
};
template <class F>
on_batch(F) -> on_batch<F>;

}  // namespace weft
