#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "../core/error.hpp"
#include "../model.hpp"
#include "clip.hpp"
#include "detail/batch.hpp"
#include "detail/device_trainer.hpp"
#include "detail/host_trainer.hpp"
#include "not_finite.hpp"
#include "optimizer.hpp"

namespace weft {

/// A trainer of a model that stands for an error already told.
template <class Model, class Loss, class Optimizer>
class trainer {
public:
    explicit trainer(Model&, Loss, Optimizer, batch_capacity = {}) {}
    template <class... Arguments>
    float step(const Arguments&...) {
        return 0;
    }
    void clip(clipping) {}
};

namespace detail {

template <class Model, class Loss, class Optimizer>
using trainer_of_memory = std::conditional_t<Model::memory::on_host, host_trainer<Model, Loss, Optimizer>,
                                             device_trainer<Model, Loss, Optimizer>>;

}  // namespace detail

/// Trains a model: each step is forward, loss, backward and update, in memory planned while compiling. Holds
/// gradients and the optimiser's state; allocates when it is made and never after. What it is on a host and
/// what on a device: detail/.
template <sound_model Model, class Loss, class Optimizer>
class trainer<Model, Loss, Optimizer> : public detail::trainer_of_memory<Model, Loss, Optimizer> {
    using base = detail::trainer_of_memory<Model, Loss, Optimizer>;
    static_assert(base::compiled::training);  // so that a mistake of the loss leads to who makes a trainer

public:
    using typename base::memory;
    using typename base::scalar;

    /// Trains `model`, which must outlive the trainer, on batches of up to `capacity` samples.
    trainer(Model& model, Loss loss, Optimizer optimizer, batch_capacity capacity = {})
        : base(model, loss, optimizer, capacity) {}

    /// One step on a batch of inputs (samples x input_size) and targets (samples x target_size; labels are
    /// whole numbers). The mean loss of the batch before the update. `rate` scales the learning rate.
    template <class Inputs, class Targets>
    scalar step(const Inputs& inputs, const Targets& targets, float rate = 1) {
        const std::span x(inputs);
        load(x, std::span(targets));
        return step_loaded(x.size() / Model::input_size, rate);
    }
    /// The loss and the gradients of a batch, without an update.
    template <class Inputs, class Targets>
    scalar compute_gradients(const Inputs& inputs, const Targets& targets) {
        const std::span x(inputs);
        load(x, std::span(targets));
        this->bind_loaded(x.size() / Model::input_size);
        return this->run(x.size() / Model::input_size);
    }

    /// One step on samples that a device has: step({x.data(), y.data(), 128}).
    using resident_batch = detail::resident_batch<scalar, memory>;
    scalar step(const resident_batch& batch, float rate = 1) requires(!memory::on_host) {
        this->bind(batch);
        return step_bound(batch.samples, rate);
    }
    scalar compute_gradients(const resident_batch& batch) requires(!memory::on_host) {
        this->bind(batch);
        return this->run(batch.samples);
    }

    /// One step on what `batch_inputs` and `batch_targets` hold. Where losses are scaled, a step whose
    /// gradients overflow changes nothing but the scale.
    scalar step_loaded(std::size_t batch, float rate = 1) {
        this->bind_loaded(batch);
        return step_bound(batch, rate);
    }

    /// All gradients in the order of the model's parameters, or one by its parameter's name: a span, or a
    /// copy where the policy keeps its numbers elsewhere.
    auto gradients() const { return this->some_gradients(0, this->gradients_.size()); }
    auto gradient(std::string_view name) const {
        const auto& p = Model::record(name);
        if (p.is_state)
            raise("no gradient", std::string(name), "it is a running statistic, which is not trained");
        return this->some_gradients(std::size_t(p.offset), std::size_t(p.dims.size()));
    }

private:
    template <class X, std::size_t M, class Y, std::size_t N>
    void load(std::span<X, M> x, std::span<Y, N> y) {
        const std::size_t batch = x.size() / Model::input_size;
        if (batch == 0 || x.size() != batch * Model::input_size || y.size() != batch * base::target_size())
            raise("cannot train",
                  "a batch of " + std::to_string(x.size()) + " inputs and " + std::to_string(y.size()) +
                      " targets",
                  "each sample has " + std::to_string(Model::input_size) + " inputs and " +
                      std::to_string(base::target_size()) + " targets");
        this->check_capacity(batch);
        for (std::size_t i = 0; i < x.size(); ++i) this->inputs_[i] = scalar(x[i]);
        detail::copy_targets<Loss>("cannot train", std::span<const std::remove_const_t<Y>>(y),
                                   this->targets_.data(), 0, Model::output_size);
    }
    scalar step_bound(std::size_t batch, float rate) {
        auto& counters = this->counters_;
        const auto rule = this->optimizer_.template at<scalar>(
            this->steps() - this->skipped_steps() + 1, scalar(this->optimizer_.learning_rate) * scalar(rate));
        const auto [loss, finite, skipped] = this->start_step(batch, rule);
        if (!std::isfinite(loss)) detail::raise_not_finite(*this, "the loss", batch);
        if (!finite && !skipped) detail::raise_not_finite(*this, "a gradient", batch);
        counters.count(counters.steps);
        if (skipped) counters.count(counters.skipped);
        this->finish_step(rule);
        return loss;
    }
    template <class Trainer>
    friend void detail::raise_not_finite(Trainer&, const std::string&, std::size_t);
};

}  // namespace weft
