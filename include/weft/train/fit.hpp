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

template <class Model, class Data, class Loss, class Optimizer>
history fit(Model& model, const Data& data, const Loss& loss, const Optimizer& optimizer,
            const fit_options<Data>& options);

}  // namespace detail

/// Trains `model` on `data` and returns what was seen, epoch by epoch. The same seed gives the same numbers.
/// Stops with an error that names the operation if the loss becomes NaN or infinite.
template <class Model, class Data, class Loss, class Optimizer>
history fit(Model& model, const Data& data, const Loss& loss, const Optimizer& optimizer,
            std::type_identity_t<fit_options<Data>> options = {}) {
    if constexpr (sound_model<Model>)
        return detail::fit(model, data, loss, optimizer, options);
    else
        return {};
}

template <class Model, class Data, class Loss, class Optimizer>
history detail::fit(Model& model, const Data& data, const Loss& loss, const Optimizer& optimizer,
                    const fit_options<Data>& options) {
    using scalar = typename Model::scalar;
    if (options.epochs < 1 || options.batch_size < 1)
        raise("cannot train", "the options",
              "epochs and batch_size are at least 1, not " + std::to_string(options.epochs) + " and " +
                  std::to_string(options.batch_size));
    using trainer_type = trainer<Model, Loss, Optimizer>;
    detail::check_data<Model>("cannot train", data, trainer_type::target_size());
    const std::size_t size = std::min(std::size_t(options.batch_size), data.size());
    trainer_type train(model, loss, optimizer, batch_capacity{int(size)});
    train.clip(options.clip);
    std::optional<detail::evaluator<Model, Loss>> validate;
    if (options.validation) {
        detail::check_data<Model>("cannot train", *options.validation, train.target_size());
        validate.emplace(loss, batch_capacity{256});
    }

    const std::int64_t batches = std::int64_t((data.size() + size - 1) / size);
    const schedule rate = options.rate.bound(batches);
    constexpr bool classifies = [] {
        if constexpr (requires { Loss::classifies; })
            return Loss::classifies;
        else
            return false;
    }();
    history result;
    result.reserve(std::size_t(options.epochs));
    progress_line line(options.epochs, batches, options.progress);
    for (int epoch = 1; epoch <= options.epochs; ++epoch) {
        const double start = options.progress.clock();
        const auto order = options.shuffle
                               ? data::permutation(data.size(), model.random_seed(), std::uint64_t(epoch))
                               : std::vector<std::size_t>{};
        epoch_record record;
        record.epoch = epoch;
        double loss_sum = 0;
        std::size_t seen = 0, correct = 0;
        float factor = 1;
        for (std::int64_t batch = 0; batch < batches; ++batch) {
            const std::size_t count = std::min(size, data.size() - seen);
            const std::span<scalar> x = train.batch_inputs(count), y = train.batch_targets(count);
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t sample = order.empty() ? seen + i : order[seen + i];
                std::copy_n(data.inputs.data() + sample * data.input_size, data.input_size,
                            x.data() + i * data.input_size);
                detail::copy_targets<Loss>(
                    "cannot train",
                    std::span(data.targets).subspan(sample * data.target_size, data.target_size),
                    y.data() + i * data.target_size, sample, Model::output_size);
            }
            factor = rate(train.steps());
            loss_sum += double(train.step_loaded(count, factor)) * double(count);
            correct += train.correct(count);
            seen += count;
            const double accuracy = classifies ? double(correct) / double(seen) : std::nan("");
            line.update(batch + 1, std::int64_t(seen), loss_sum / double(seen), accuracy);
        }
        // The epoch's last update: no step has seen what it did.
        detail::check_finite(std::as_const(model), "training stopped: the model is not finite",
                             "step " + std::to_string(train.steps()));
        record.loss = loss_sum / double(seen);
        if (classifies) record.accuracy = double(correct) / double(seen);
        record.learning_rate = double(optimizer.learning_rate) * double(factor);
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

}  // namespace weft
