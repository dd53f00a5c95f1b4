#pragma once
/// Training, epoch by epoch, on a data set in memory.
///
///     model<net, cpu> model{seed{1}};
///     const history seen = fit(model, flowers, softmax_cross_entropy, adam{.learning_rate = 3e-3f},
///                              {.epochs = 20,
///                               .batch_size = 64,
///                               .validation = &more_flowers,
///                               .rate = schedule::cosine(epochs{20}),
///                               .clip = clip_by_norm{1}});
///
///     trainer train{model, softmax_cross_entropy, adam{}, batch_capacity{64}};
///     fit_options<data::dataset<float, int>> options{.epochs = 3, .batch_size = 64};
///     fit(train, flowers, options);  // three epochs
///     options.epochs = 5;
///     fit(train, flowers, options);  // and two more
///     fit(train, flowers, {.epochs = 9}, early_stopping{.patience = 3, .metric = {"loss"}});

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../data/shuffle.hpp"
#include "evaluate.hpp"
#include "history.hpp"
#include "progress.hpp"
#include "schedule.hpp"
#include "trainer.hpp"
#include "training_run.hpp"

namespace weft {

/// A data set that lives elsewhere, or none. Does not compile of one that would be gone before it is scored.
///
///     const optional_data<data::dataset<float, int>> some = more_flowers, none;
template <class Data>
class optional_data {
public:
    constexpr optional_data(const Data* data = nullptr) : data_(data) {}
    constexpr optional_data(const Data& data) : data_(&data) {}
    optional_data(const Data&&) = delete;  // it would be gone before it is scored

    constexpr explicit operator bool() const { return data_ != nullptr; }
    constexpr const Data& operator*() const { return *data_; }
    constexpr const Data* operator->() const { return data_; }

private:
    const Data* data_;
};

/// How `fit` trains: the braces behind its other arguments.
template <class Data>
struct fit_options {
    int epochs = 1;
    /// The last batch of an epoch may be smaller. One of a single sample is left out where a batch norm has
    /// one value per channel of each sample: it has no variance to normalise by.
    int batch_size = 32;
    optional_data<Data> validation = {};       ///< scored after each epoch: a data set, or its address
    schedule rate = {};                        ///< scales the optimiser's learning rate, step by step
    clipping clip = {};                        ///< limits the gradients
    bool shuffle = true;                       ///< a new order each epoch, from the model's seed
    std::vector<parameter_group> groups = {};  ///< of parameters that are trained otherwise
    progress_options progress = {};
};

/// Behind fit's options: so many batches make one step, as if they were one, where one of that size does not
/// fit in memory (see trainer::accumulate). A step of the schedule is one of the optimiser's, and so is what
/// callbacks get to see as a batch. Error for fewer than one, where training begins.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.batch_size = 8}, accumulation{4});
struct accumulation {
    int batches = 1;

    template <class Training>
    void begin(Training&) const {}
};

namespace detail {

template <class T>
inline constexpr bool is_trainer = false;
template <class Model, class Loss, class Optimizer>
inline constexpr bool is_trainer<trainer<Model, Loss, Optimizer>> = true;

/// The samples of a step that a data set has so many of.
template <class Data>
std::size_t step_size(const fit_options<Data>& options, const Data& data) {
    if (options.epochs < 1 || options.batch_size < 1)
        raise("cannot train", "the options",
              "epochs and batch_size are at least 1, not " + std::to_string(options.epochs) + " and " +
                  std::to_string(options.batch_size));
    return std::min(std::size_t(options.batch_size), data.size());
}

/// The whole epochs that a trainer has made. Error if its steps were other epochs than these.
template <class Trainer>
std::int64_t epochs_made(Trainer& train, std::int64_t batches, std::size_t size) {
    if (!train.note_epochs(size, batches) && train.steps() % batches != 0)
        raise("cannot train", "the trainer",
              "it has made " + std::to_string(train.steps()) + " steps, which are no whole epochs of " +
                  std::to_string(batches) + " batches");
    return train.steps() / batches;
}

/// Error that names the first sample with a number that is not finite.
template <class Data>
void check_numbers(const Data& data) {
    check_samples("cannot train", std::span(data.inputs), data.input_size, "input");
    check_samples("cannot train", std::span(data.targets), data.target_size, "target");
}

/// One epoch's batches, of the samples in their order.
template <class Data>
class batches_of {
public:
    /// Of at least so many samples: a last one of fewer is left out.
    batches_of(const Data& data, std::size_t size, std::size_t least)
        : data_(data), size_(size), samples_(data.size()) {
        if (const std::size_t rest = samples_ % size; rest < least && rest < samples_) samples_ -= rest;
    }

    std::int64_t count() const { return std::int64_t((samples_ + size_ - 1) / size_); }
    void shuffle(seed s, int epoch) { order_ = data::permutation(data_.size(), s, std::uint64_t(epoch)); }
    /// Copies a batch, from 0, to where a trainer takes it from. Returns its size.
    template <class Trainer>
    std::size_t load(std::int64_t batch, Trainer& train) const {
        const std::size_t first = std::size_t(batch) * size_, count = std::min(size_, samples_ - first);
        const auto x = train.batch_inputs(count), y = train.batch_targets(count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t sample = order_.empty() ? first + i : order_[first + i];
            std::copy_n(data_.inputs.data() + sample * data_.input_size, data_.input_size,
                        x.data() + i * data_.input_size);
            copy_targets<std::remove_cvref_t<decltype(train.loss())>>(
                "cannot train",
                std::span(data_.targets).subspan(sample * data_.target_size, data_.target_size),
                y.data() + i * data_.target_size, sample, Trainer::model_type::output_size);
        }
        return count;
    }

private:
    const Data& data_;
    std::size_t size_, samples_;
    std::vector<std::size_t> order_;
};

/// Means over an epoch's samples, as far as it is made.
template <class Loss>
struct epoch_means {
    double loss_sum = 0, weight = 0;
    std::size_t seen = 0, correct = 0;

    static constexpr bool classifies = [] {
        if constexpr (requires { Loss::classifies; })
            return Loss::classifies;
        else
            return false;
    }();
    void add(double loss, double share, std::size_t samples, std::size_t right) {
        loss_sum += total_of<Loss>(loss, share);
        weight += share;
        seen += samples;
        correct += right;
    }
    double loss() const { return loss_sum / weight; }
    double accuracy() const { return classifies ? double(correct) / double(seen) : std::nan(""); }
};

template <class... Callbacks>
std::int64_t parts_of_a_step(const Callbacks&... callbacks) {
    std::int64_t parts = 1;
    [[maybe_unused]] const auto look = [&](const auto& each) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(each)>, accumulation>) parts = each.batches;
    };
    (look(callbacks), ...);
    if (parts < 1)
        raise("cannot train", "accumulation", "a step is made of " + std::to_string(parts) + " batches");
    return parts;
}

/// From where the trainer stands to the end of the last epoch, or until a callback stops it.
template <class Model, class Data, class Loss, class Optimizer, class... Callbacks>
history run_epochs(trainer<Model, Loss, Optimizer>& train, const Data& data, const fit_options<Data>& options,
                   Callbacks&... callbacks) {
    using state_type = training_run<trainer<Model, Loss, Optimizer>>;
    static_assert(
        (callback_of<Callbacks, state_type> && ...),
        "weft: a callback of fit is called with a training_run, or has begin, after_batch, after_epoch "
        "or end");
    Model& model = train.model();
    const Loss& loss = train.loss();
    check_data<Model>("cannot train", data, train.target_size());
    check_numbers(data);
    const std::size_t size = step_size(options, data);
    train.check_capacity(size);
    train.clip(options.clip);
    std::optional<evaluator<Model, Loss>> validate;
    if (options.validation) {
        check_data<Model>("cannot train", *options.validation, train.target_size());
        check_numbers(*options.validation);
        validate.emplace(loss, batch_capacity{256});
    }

    if (!options.groups.empty()) train.groups(options.groups);

    batches_of<Data> samples(data, size, train.least_batch());
    // A step is made of so many parts, each a batch that goes through the network.
    const std::int64_t parts = parts_of_a_step(callbacks...), batches = (samples.count() + parts - 1) / parts;
    const int done =
        int(std::min<std::int64_t>(epochs_made(train, batches, size * std::size_t(parts)), options.epochs));
    const schedule rate = options.rate.bound(batches);
    history result;
    state_type state(train, options.epochs, batches);
    if (done == options.epochs) return result;
    progress_line line(options.epochs, batches, options.progress, done + 1);
    (tell_begin(callbacks, state), ...);
    for (state.epoch = done; state.epoch < options.epochs && !state.stopped();) {
        ++state.epoch;
        const double start = options.progress.clock();
        if (options.shuffle) samples.shuffle(model.random_seed(), state.epoch);
        state.record = {.epoch = state.epoch};
        epoch_record& record = state.record;
        epoch_means<Loss> means;
        for (std::int64_t batch = train.steps() % batches; batch < batches && !state.stopped(); ++batch) {
            const float factor = float(double(rate(train.steps())) * state.rate);
            const auto pass = [&](std::int64_t part, auto&& run) {
                const std::size_t count = samples.load(part, train);
                const double share = share_of(loss, train.batch_targets(count).data(), count);
                state.batch_loss = double(run(count));
                means.add(state.batch_loss, share, count, train.correct(count));
            };
            state.batch = batch + 1;
            if constexpr ((std::is_same_v<std::remove_const_t<Callbacks>, accumulation> || ...)) {
                for (std::int64_t k = batch * parts; k < std::min((batch + 1) * parts, samples.count()); ++k)
                    pass(k, [&](std::size_t count) { return train.accumulate_loaded(count); });
                train.update(factor);
            } else {
                pass(batch, [&](std::size_t count) { return train.step_loaded(count, factor); });
            }
            record.loss = means.loss();
            record.accuracy = means.accuracy();
            record.learning_rate = double(train.optimizer().learning_rate) * double(factor);
            (tell_batch(callbacks, state), ...);
            line.update(batch + 1, std::int64_t(means.seen), record.loss, record.accuracy);
        }
        // The epoch's last update: no step has seen what it did.
        check_finite(std::as_const(model), "training stopped: the model is not finite",
                     "step " + std::to_string(train.steps()));
        record.seconds = options.progress.clock() - start;
        record.samples_per_second = record.seconds > 0 ? double(means.seen) / record.seconds : 0;
        if (validate) {
            const evaluation score = (*validate)(model, *options.validation);
            record.validation_loss = score.loss;
            record.validation_accuracy = score.accuracy;
        }
        (tell_epoch(callbacks, state), ...);
        line.end_epoch(record);
        result.push_back(record);
    }
    (tell_end(callbacks, state), ...);
    if (state.stopped()) {
        result.note_stop(state.stopped_by());
        line.note("stopped by " + state.stopped_by());
    }
    return result;
}

}  // namespace detail

/// Trains `model` on `data` and returns what was seen, epoch by epoch. The same seed gives the same numbers.
/// Behind the options come callbacks (see training_run): early_stopping, keep_best, checkpoints, functions of
/// your own. Errors before anything is trained, where data, model and options do not fit; while it runs,
/// where the loss becomes NaN or infinite, with the operation where that began.
template <class Model, class Data, class Loss, class Optimizer, class... Callbacks>
requires(!detail::is_trainer<Model>) history
    fit(Model& model, const Data& data, const Loss& loss, const Optimizer& optimizer,
        std::type_identity_t<fit_options<Data>> options = {}, Callbacks&&... callbacks) {
    if constexpr (detail::trainable<Model, Loss, Optimizer>) {
        detail::check_data<Model>("cannot train", data, trainer<Model, Loss, Optimizer>::target_size());
        trainer train(model, loss, optimizer, batch_capacity{int(detail::step_size(options, data))});
        return detail::run_epochs(train, data, options, callbacks...);
    } else {
        detail::report_arguments<Model, Loss, Optimizer>();
        return {};
    }
}

/// Goes on with a trainer until it has made `options.epochs` epochs in all, those before included; returns
/// the new ones. Whether an epoch is made at once, in several calls, or after a load(trainer, …) of what an
/// earlier process saved with save(trainer, …): the numbers are the same, also from the middle of an epoch
/// (whose record then is of its remaining batches). Error if the trainer stands in the middle of an epoch of
/// another batch size.
template <class Model, class Loss, class Optimizer, class Data, class... Callbacks>
history fit(trainer<Model, Loss, Optimizer>& train, const Data& data,
            std::type_identity_t<fit_options<Data>> options = {}, Callbacks&&... callbacks) {
    if constexpr (detail::trainable<Model, Loss, Optimizer>)
        return detail::run_epochs(train, data, options, callbacks...);
    else
        return {};
}

}  // namespace weft
