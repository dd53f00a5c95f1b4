#pragma once
/// Steps of your own choice.
///
///     model<net, cpu> model{seed{1}};
///     trainer train{model, softmax_cross_entropy, sgd{.learning_rate = 0.1f}, batch_capacity{64}};
///     for (int step = 0; step < 100; ++step) {
///         const float loss = train.step(flowers.inputs, flowers.targets);
///         std::printf("%3d  %.4f\n", step, loss);
///     }
///     train.compute_gradients(flowers.inputs, flowers.targets);  // no update
///     std::span<const float> gradient = train.gradient("0.weight");

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../core/error.hpp"
#include "../model.hpp"
#include "clip.hpp"
#include "detail/arguments.hpp"
#include "detail/batch.hpp"
#include "detail/device_trainer.hpp"
#include "detail/host_trainer.hpp"
#include "not_finite.hpp"
#include "optimizer.hpp"
#include "parameter_groups.hpp"

namespace weft {

// A trainer of what cannot be trained: an error, and nothing more.
template <class Model, class Loss, class Optimizer>
class trainer {
public:
    explicit trainer(Model&, Loss, Optimizer, batch_capacity = {}) {
        detail::report_arguments<Model, Loss, Optimizer>();
    }
    template <class... Arguments>
    float step(const Arguments&...) {
        return 0;
    }
    template <class... Arguments>
    float accumulate(const Arguments&...) {
        return 0;
    }
    void update(float = 1) {}
    void clip(clipping) {}
    void groups(const std::vector<parameter_group>&) {}
};

namespace detail {

template <class Model, class Loss, class Optimizer>
using trainer_of_memory = std::conditional_t<Model::memory::on_host, host_trainer<Model, Loss, Optimizer>,
                                             device_trainer<Model, Loss, Optimizer>>;

}  // namespace detail

/// Trains a model: each step is forward, loss, backward and update, in memory planned while compiling. Holds
/// gradients and the optimiser's state; allocates when it is made and never after. Error for a batch that
/// does not fit, and for a step whose loss or gradient is no finite number: it names the operation where that
/// began.
template <class Model, class Loss, class Optimizer>
requires detail::trainable<Model, Loss, Optimizer>
class trainer<Model, Loss, Optimizer> : public detail::trainer_of_memory<Model, Loss, Optimizer> {
    using base = detail::trainer_of_memory<Model, Loss, Optimizer>;
    static_assert(base::compiled::training);  // so that a mistake of the loss leads to who makes a trainer

    template <class Inputs>
    static constexpr bool resident = !base::memory::on_host && detail::device_range<Inputs>;

public:
    using typename base::memory;
    using typename base::scalar;

    /// Trains `model`, which must outlive the trainer, on batches of up to `capacity` samples. Error for
    /// hyperparameters that make no sense.
    trainer(Model& model, Loss loss, Optimizer optimizer, batch_capacity capacity = {})
        : base(model, loss, optimizer, capacity) {}

    /// One step on a batch of inputs (samples x input_size) and targets (samples x target_size; labels are
    /// whole numbers): contiguous ranges, or row-major matrices and tensors of Eigen's. The mean loss of the
    /// batch before the update. `rate` scales the learning rate. Error for sizes that do not fit, more
    /// samples than the capacity, a label that is no class, or a loss that is not finite; then nothing has
    /// changed: parameters, running statistics and the optimiser's numbers stay.
    template <class Inputs, class Targets>
    requires(!resident<Inputs>) scalar step(const Inputs& inputs, const Targets& targets, float rate = 1) {
        const std::span x = detail::numbers_in(inputs);
        load(x, detail::numbers_in(targets));
        return step_loaded(x.size() / Model::input_size, rate);
    }
    /// The loss and the gradients of a batch, without an update.
    template <class Inputs, class Targets>
    requires(!resident<Inputs>) scalar compute_gradients(const Inputs& inputs, const Targets& targets) {
        const std::span x = detail::numbers_in(inputs);
        load(x, detail::numbers_in(targets));
        this->bind_loaded(x.size() / Model::input_size);
        return this->run(x.size() / Model::input_size);
    }

    /// Samples that a device has: train.step({x.data(), y.data(), 128}).
    using resident_batch = detail::resident_batch<scalar, memory>;
    /// One step on such samples.
    scalar step(const resident_batch& batch, float rate = 1) requires(!memory::on_host) {
        this->bind(batch);
        return step_bound(batch.samples, rate);
    }
    scalar compute_gradients(const resident_batch& batch) requires(!memory::on_host) {
        this->bind(batch);
        return this->run(batch.samples);
    }
    /// The same for vectors of the device's library (thrust::device_vector), or what gives its address alike.
    template <class Inputs, class Targets>
    requires(resident<Inputs>) scalar step(const Inputs& inputs, const Targets& targets, float rate = 1) {
        return step(batch_of(inputs, targets), rate);
    }
    template <class Inputs, class Targets>
    requires(resident<Inputs>) scalar compute_gradients(const Inputs& inputs, const Targets& targets) {
        return compute_gradients(batch_of(inputs, targets));
    }

    /// One step on what `batch_inputs` and `batch_targets` hold. Where losses are scaled, a step whose
    /// gradients overflow changes nothing but the scale.
    scalar step_loaded(std::size_t batch, float rate = 1) {
        this->check_batch(batch);
        this->bind_loaded(batch);
        return step_bound(batch, rate);
    }

    /// The loss and the gradients of a batch, which are kept for `update`: several batches make one step, as
    /// if they were one (the mean of their gradients, each by its samples or what they weigh; of a summed
    /// loss the sum). Only batch norm tells them apart, whose statistics are each batch's. The first call
    /// allocates room for what is kept, which no checkpoint has: save after an update. Not for losses that
    /// are scaled (float16).
    template <class Inputs, class Targets>
    scalar accumulate(const Inputs& inputs, const Targets& targets) requires(!base::compiled::scaled) {
        const std::span x = detail::numbers_in(inputs);
        load(x, detail::numbers_in(targets));
        return accumulate_loaded(x.size() / Model::input_size);
    }
    /// The same for what `batch_inputs` and `batch_targets` hold.
    scalar accumulate_loaded(std::size_t batch) requires(!base::compiled::scaled) {
        this->check_batch(batch);
        this->bind_loaded(batch);
        const double share = detail::share_of(this->loss_, this->targets_.data(), batch);
        const auto rule = this->rule_of_part(share);
        this->keep_statistics();
        const auto [loss, finite, skipped] = this->start_part(batch, rule);
        if (!std::isfinite(loss)) detail::raise_not_finite(*this, "the loss", batch);
        if (!finite) detail::raise_not_finite(*this, "a gradient", batch);
        this->finish_part(rule);
        this->count_part(share);
        return loss;
    }
    /// One step on all that was accumulated since the last. Raises weft::error where that is nothing.
    void update(float rate = 1) requires(!base::compiled::scaled) {
        if (this->parts_ == 0)
            raise("cannot update", "the trainer", "no batch was accumulated since the last update");
        const std::int64_t step = this->steps() + 1;
        this->parts_ = 0;
        if (!this->finish_parts(rule_of(step, rate), step, rate))
            raise("training stopped: the accumulated gradients are not finite",
                  "step " + std::to_string(step), "those of each batch were; their sum is too large");
        this->counters_.count(this->counters_.steps);
    }

    /// All gradients in the order of the model's parameters: a span, or a copy where the policy keeps its
    /// numbers elsewhere.
    auto gradients() const { return this->some_gradients(0, this->gradients_.size()); }
    /// The gradient of one parameter by its name. Error for an unknown name, or a running statistic.
    auto gradient(std::string_view name) const {
        const auto& p = Model::record(name);
        if (p.is_state)
            raise("no gradient", std::string(name), "it is a running statistic, which is not trained");
        return this->some_gradients(std::size_t(p.offset), std::size_t(p.dims.size()));
    }

private:
    /// The samples of a batch of so many numbers. Error where they are no batch.
    std::size_t samples_in(std::size_t inputs, std::size_t targets) const {
        const std::size_t batch = inputs / Model::input_size;
        if (batch == 0 || inputs != batch * Model::input_size || targets != batch * base::target_size())
            raise("cannot train",
                  "a batch of " + std::to_string(inputs) + " inputs and " + std::to_string(targets) +
                      " targets",
                  "each sample has " + std::to_string(Model::input_size) + " inputs and " +
                      std::to_string(base::target_size()) + " targets");
        this->check_capacity(batch);
        return batch;
    }
    template <class Inputs, class Targets>
    resident_batch batch_of(const Inputs& inputs, const Targets& targets) const {
        const std::size_t samples = samples_in(inputs.size(), targets.size());
        return {detail::numbers_there<memory, const scalar>(inputs),
                detail::numbers_there<memory, const scalar>(targets), samples};
    }
    template <class X, std::size_t M, class Y, std::size_t N>
    void load(std::span<X, M> x, std::span<Y, N> y) {
        samples_in(x.size(), y.size());
        for (std::size_t i = 0; i < x.size(); ++i) this->inputs_[i] = scalar(x[i]);
        detail::copy_targets<Loss>("cannot train", std::span<const std::remove_const_t<Y>>(y),
                                   this->targets_.data(), 0, Model::output_size);
    }
    auto rule_of(std::int64_t step, float rate) const {
        return this->optimizer_.template at<scalar>(step,
                                                    scalar(this->optimizer_.learning_rate) * scalar(rate));
    }
    scalar step_bound(std::size_t batch, float rate) {
        auto& counters = this->counters_;
        const std::int64_t step = this->steps() - this->skipped_steps() + 1;
        const auto rule = rule_of(step, rate);
        this->keep_statistics();
        const auto [loss, finite, skipped] = this->start_step(batch, rule);
        if (!std::isfinite(loss)) detail::raise_not_finite(*this, "the loss", batch);
        if (!finite && !skipped) detail::raise_not_finite(*this, "a gradient", batch);
        counters.count(counters.steps);
        if (skipped) {
            counters.count(counters.skipped);
            this->restore_statistics();
        }
        this->finish_step(rule, step, rate);
        return loss;
    }
    template <class Trainer>
    friend void detail::raise_not_finite(Trainer&, const std::string&, std::size_t);
};

}  // namespace weft
