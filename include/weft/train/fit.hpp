#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "../data/shuffle.hpp"
#include "evaluate.hpp"
#include "history.hpp"
#include "progress.hpp"
#include "schedule.hpp"
#include "trainer.hpp"

namespace weft {

/// How `fit` trains.
template <class Data>
struct fit_options {
    int epochs = 1;
    int batch_size = 32;               ///< the last batch of an epoch may be smaller
    const Data* validation = nullptr;  ///< scored after each epoch
    schedule rate = {};                ///< scales the optimiser's learning rate, step by step
    clipping clip = {};                ///< limits the gradients
    bool shuffle = true;               ///< a new order each epoch, from the model's seed
    progress_options progress = {};
};

namespace detail {

/// The samples of a step that a data set has so many of.
template <class Data>
std::size_t step_size(const fit_options<Data>& options, const Data& data) {
    if (options.epochs < 1 || options.batch_size < 1)
        raise("cannot train", "the options",
              "epochs and batch_size are at least 1, not " + std::to_string(options.epochs) + " and " +
                  std::to_string(options.batch_size));
    return std::min(std::size_t(options.batch_size), data.size());
}

/// From where the trainer stands to the end of the last epoch.
template <class Model, class Data, class Loss, class Optimizer>
history run_epochs(trainer<Model, Loss, Optimizer>& train, const Data& data,
                   const fit_options<Data>& options) {
    using scalar = typename Model::scalar;
    Model& model = train.model();
    const Loss& loss = train.loss();
    check_data<Model>("cannot train", data, train.target_size());
    const std::size_t size = step_size(options, data);
    if (size > std::size_t(train.capacity()))
        raise("cannot train", "batches of " + std::to_string(size) + " samples",
              "the trainer was made for " + std::to_string(train.capacity()));
    train.clip(options.clip);
    std::optional<evaluator<Model, Loss>> validate;
    if (options.validation) {
        check_data<Model>("cannot train", *options.validation, train.target_size());
        validate.emplace(loss, batch_capacity{256});
    }

    const std::int64_t batches = std::int64_t((data.size() + size - 1) / size);
    if (train.steps() % batches != 0)
        raise("cannot train", "the trainer",
              "it has made " + std::to_string(train.steps()) + " steps, which are no whole epochs of " +
                  std::to_string(batches) + " batches");
    const int done = int(train.steps() / batches);
    const schedule rate = options.rate.bound(batches);
    constexpr bool classifies = [] {
        if constexpr (requires { Loss::classifies; })
            return Loss::classifies;
        else
            return false;
    }();
    history result;
    result.reserve(std::size_t(std::max(options.epochs - done, 0)));
    progress_line line(options.epochs, batches, options.progress);
    for (int epoch = done + 1; epoch <= options.epochs; ++epoch) {
        const double start = options.progress.clock();
        const auto order = options.shuffle
                               ? data::permutation(data.size(), model.random_seed(), std::uint64_t(epoch))
                               : std::vector<std::size_t>{};
        epoch_record record;
        record.epoch = epoch;
        double loss_sum = 0, weight = 0;
        std::size_t seen = 0, correct = 0;
        float factor = 1;
        for (std::int64_t batch = 0; batch < batches; ++batch) {
            const std::size_t count = std::min(size, data.size() - seen);
            const std::span<scalar> x = train.batch_inputs(count), y = train.batch_targets(count);
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t sample = order.empty() ? seen + i : order[seen + i];
                std::copy_n(data.inputs.data() + sample * data.input_size, data.input_size,
                            x.data() + i * data.input_size);
                copy_targets<Loss>(
                    "cannot train",
                    std::span(data.targets).subspan(sample * data.target_size, data.target_size),
                    y.data() + i * data.target_size, sample, Model::output_size);
            }
            factor = rate(train.steps());
            const double share = share_of(loss, y.data(), count);
            const double batch_loss = double(train.step_loaded(count, factor));
            if (share > 0) loss_sum += batch_loss * share;
            weight += share;
            correct += train.correct(count);
            seen += count;
            const double accuracy = classifies ? double(correct) / double(seen) : std::nan("");
            line.update(batch + 1, std::int64_t(seen), loss_sum / weight, accuracy);
        }
        // The epoch's last update: no step has seen what it did.
        check_finite(std::as_const(model), "training stopped: the model is not finite",
                     "step " + std::to_string(train.steps()));
        record.loss = loss_sum / weight;
        if (classifies) record.accuracy = double(correct) / double(seen);
        record.learning_rate = double(train.optimizer().learning_rate) * double(factor);
        record.seconds = options.progress.clock() - start;
        record.samples_per_second = record.seconds > 0 ? double(seen) / record.seconds : 0;
        if (validate) {
            const evaluation score = (*validate)(model, *options.validation);
            record.validation_loss = score.loss;
            record.validation_accuracy = score.accuracy;
        }
        line.end_epoch(record);
        result.push_back(record);
    }
    return result;
}

}  // namespace detail

/// Trains `model` on `data` and returns what was seen, epoch by epoch. The same seed gives the same numbers.
/// Stops with an error that names the operation if the loss becomes NaN or infinite.
template <class Model, class Data, class Loss, class Optimizer>
history fit(Model& model, const Data& data, const Loss& loss, const Optimizer& optimizer,
            std::type_identity_t<fit_options<Data>> options = {}) {
    if constexpr (sound_model<Model>) {
        detail::check_data<Model>("cannot train", data, trainer<Model, Loss, Optimizer>::target_size());
        trainer train(model, loss, optimizer, batch_capacity{int(detail::step_size(options, data))});
        return detail::run_epochs(train, data, options);
    } else {
        return {};
    }
}

/// Goes on with a trainer until it has made `options.epochs` epochs in all, those before included; returns
/// the new ones. Whether an epoch is made at once, in several calls, or after a load(trainer, …) of what an
/// earlier process saved with save(trainer, …): the numbers are the same. Error if the trainer stands in the
/// middle of an epoch of this data set.
template <class Model, class Loss, class Optimizer, class Data>
history fit(trainer<Model, Loss, Optimizer>& train, const Data& data,
            std::type_identity_t<fit_options<Data>> options = {}) {
    if constexpr (sound_model<Model>)
        return detail::run_epochs(train, data, options);
    else
        return {};
}

}  // namespace weft
