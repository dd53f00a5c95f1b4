#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../core/error.hpp"
#include "history.hpp"

namespace weft {

/// What callbacks of `fit` see of a run, and how they steer it. A callback is called with it after each
/// epoch, or has members
///   begin(training)          before the first batch
///   after_batch(training)    after each step; `record` holds the means of the epoch so far
///   after_epoch(training)    after each epoch, its validation included; what is reported goes into history
///   end(training)            after the last epoch, however it came to be that
/// as many of them as it wants. Several are called in order. One that is given as a variable is not copied,
/// so that what it has counted lasts from one call of `fit` to the next. Does not compile: a callback that is
/// neither.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.epochs = 50}, [](auto& training) {
///         std::printf("epoch %d of %d: %g\n", training.epoch, training.epochs, training.record.loss);
///         if (training.record.loss < 0.01) training.stop("good enough");
///     });
template <class Trainer>
class training_run {
public:
    using trainer_type = Trainer;

    training_run(Trainer& trainer, int epochs, std::int64_t batches)
        : epochs(epochs), batches(batches), trainer_(trainer) {}

    Trainer& trainer() const { return trainer_; }
    auto& model() const { return trainer_.model(); }
    /// Steps made, those of earlier runs included.
    std::int64_t steps() const { return trainer_.steps(); }

    /// Ends training after this batch (or epoch).
    void stop(std::string why) {
        if (stopped_by_.empty()) stopped_by_ = why.empty() ? "a callback" : std::move(why);
    }
    bool stopped() const { return !stopped_by_.empty(); }
    const std::string& stopped_by() const { return stopped_by_; }

    /// Adds a number to the record of this epoch: it is shown, and a column of the history.
    void report(std::string name, double value) { record.metrics.push_back({std::move(name), value}); }

    int epoch = 0, epochs;             ///< from 1; how many were asked for
    std::int64_t batch = 0, batches;   ///< of this epoch, from 1; how many it has
    double rate = 1;                   ///< a factor on the learning rate beside the schedule's
    double batch_loss = std::nan("");  ///< of the last batch, before its update
    epoch_record record;               ///< of this epoch

private:
    Trainer& trainer_;
    std::string stopped_by_;
};

/// Whether a metric is better the higher it is. `automatic`: accuracies are, all else is not.
enum class goal { automatic, lowest, highest };

/// Which number of an epoch a callback looks at, and which is the better of two.
///
///     const watched_metric accuracy{"validation_accuracy"}, recall{"recall", goal::highest};
struct watched_metric {
    std::string name = {};  ///< as epoch_record::number's; by default the validation loss, or the loss
    goal best = goal::automatic;

    /// Is `a` better than `b` by more than `least`? NaN is worse than any number.
    bool better(double a, double b, double least = 0) const {
        if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
        return is_highest() ? a > b + least : a < b - least;
    }
    bool is_highest() const {
        return best == goal::highest ||
               (best == goal::automatic && std::string_view(name).ends_with("accuracy"));
    }
    /// The number in a record. Error where nothing of the name was measured.
    double of(const epoch_record& record, const char* who) const {
        if (name.empty()) return std::isnan(record.validation_loss) ? record.loss : record.validation_loss;
        const double value = record.number(name);
        if (std::isnan(value) && !is_measured(record))
            raise("cannot train", who,
                  "there is no metric '" + name + "' in epoch " + std::to_string(record.epoch) +
                      (name.starts_with("validation") ? "; give fit .validation"
                                                      : "; a callback before this one reports it"));
        return value;
    }
    std::string text() const { return name.empty() ? "the loss" : name; }

private:
    bool is_measured(const epoch_record& record) const {
        for (const metric_value& each : record.metrics)
            if (each.name == name) return true;
        return name == "loss";
    }
};

namespace detail {

template <class Callback, class Training>
concept callable_with = requires(Callback& c, Training& t) {
    c(t);
};

template <class Callback, class Training>
concept callback_of = callable_with<Callback, Training> || requires(Callback& c, Training& t) {
    c.begin(t);
} || requires(Callback& c, Training& t) {
    c.after_batch(t);
} || requires(Callback& c, Training& t) {
    c.after_epoch(t);
} || requires(Callback& c, Training& t) {
    c.end(t);
};

template <class Callback, class Training>
void tell_begin(Callback& c, Training& t) {
    if constexpr (requires { c.begin(t); }) c.begin(t);
}
template <class Callback, class Training>
void tell_batch(Callback& c, Training& t) {
    if constexpr (requires { c.after_batch(t); }) c.after_batch(t);
}
template <class Callback, class Training>
void tell_epoch(Callback& c, Training& t) {
    if constexpr (requires { c.after_epoch(t); })
        c.after_epoch(t);
    else if constexpr (callable_with<Callback, Training>)
        c(t);
}
template <class Callback, class Training>
void tell_end(Callback& c, Training& t) {
    if constexpr (requires { c.end(t); }) c.end(t);
}

}  // namespace detail
}  // namespace weft
