#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../optimizer.hpp"
#include "../parameter_groups.hpp"
#include "trainer_base.hpp"

namespace weft::detail {

/// Samples in a device's memory: samples x input_size and samples x target_size numbers. Labels are whole
/// numbers below the number of classes, which nothing checks there.
template <class T, class Memory>
struct resident_batch {
    typename Memory::template pointer<const T> inputs, targets;
    std::size_t samples;
};

/// What a trainer is on a device: a step, its update included, is one piece of work there, and the host has
/// copies of what it looks at.
template <class Model, class Loss, class Optimizer>
class device_trainer : public trainer_base<Model, Loss, Optimizer> {
    using base = trainer_base<Model, Loss, Optimizer>;
    static_assert(
        !is_whole_tensor<Optimizer>,
        "weft: this optimiser looks at whole tensors (lamb), which devices do not: train on the host");

public:
    using typename base::compiled;
    using typename base::memory;
    using typename base::policy;
    using typename base::scalar;

    /// The predictions of the last step, made before its update, and how many of them were right.
    std::span<const scalar> predictions(std::size_t batch) {
        this->check_capacity(batch);
        const std::span<scalar> all = seen_.span().first(batch * Model::output_size);
        workspace_.read(compiled::source.output, memory_, all);
        return all;
    }
    std::size_t correct(std::size_t batch) {
        std::vector<scalar> resident(is_resident_ ? batch * base::target_size() : 0);
        if (is_resident_) memory::template read<scalar>(memory_.target, resident);
        return count_correct<Loss>(predictions(batch).data(),
                                   is_resident_ ? resident.data() : this->targets_.data(), batch,
                                   Model::output_size, base::target_size());
    }
    /// A copy on the host of what a trainer's state() lists there, and the way back.
    auto on_host() const {
        training_copy<typename Model::host_model, Optimizer, compiled::scaled> copy{
            this->model_.on_host(), std::vector<scalar>(slots_.size()), counters_, this->facts()};
        memory::template read<scalar>(slots_.data(), copy.slots);
        if constexpr (compiled::scaled) {
            const auto scale = workspace_.resources().loss_scale();
            copy.counters.loss_scale[0] = scale.now;
            copy.counters.loss_scale[1] = scalar(scale.clean);
        }
        return copy;
    }
    template <class Copy>
    void assign(const Copy& copy) {
        this->model_.assign(copy.model);
        memory::template write<scalar>(copy.slots, slots_.data());
        counters_ = copy.counters;
        this->take(copy.facts);
        if constexpr (compiled::scaled)
            workspace_.resources().set_loss_scale(
                {.now = counters_.loss_scale[0], .clean = int(counters_.loss_scale[1])});
    }
    /// On a device all parameters are trained alike: weft::error for any group.
    void groups(const std::vector<parameter_group>& groups) {
        if (!groups.empty())
            raise("cannot group parameters", "'" + groups.front().names + "'",
                  "a device trains all parameters alike; train on the host");
    }
    /// What the next loss is scaled by.
    float loss_scale() const requires compiled::scaled { return workspace_.resources().loss_scale().now; }

protected:
    using typename base::outcome;

    device_trainer(Model& model, const Loss& loss, const Optimizer& optimizer, batch_capacity capacity)
        : base(model, loss, optimizer, capacity),
          seen_(std::size_t(workspace_.capacity()) * Model::output_size) {}

    void bind_loaded(std::size_t batch) {
        base::bind_loaded(batch);
        is_resident_ = false;
    }
    void bind(const resident_batch<scalar, memory>& batch) {
        this->check_batch(batch.samples);
        this->check_least(batch.samples);
        memory_.input = batch.inputs;
        memory_.target = batch.targets;
        is_resident_ = true;
    }
    /// For what looks at the samples of the last run on the host.
    void fetch_resident(std::size_t batch) {
        if (!is_resident_) return;
        memory::template read<scalar>(memory_.input, this->batch_inputs(batch));
        memory::template read<scalar>(memory_.target, this->batch_targets(batch));
    }
    scalar run(std::size_t batch) {
        const scalar loss = base::run(batch);
        if constexpr (compiled::scaled) gradient_scale_ = loss_scale();
        return loss;
    }
    /// Also updates, unless a number is not finite.
    template <class Rule>
    outcome start_step(std::size_t batch, const Rule& rule) {
        workspace_.resources().set_rule(rule);
        this->enqueue(batch,
                      update_tail<Rule>{*this, this->clipping_.value_limit(), this->clipping_.norm_limit()});
        workspace_.resources().device.wait();
        const auto& [loss, update] = workspace_.resources().report();
        outcome result{loss, update.finite != 0};
        if constexpr (compiled::scaled) {
            gradient_scale_ = update.scale.before;
            result.skipped = !result.finite && update.scale.may_fall();
        }
        return result;
    }
    template <class Rule>
    void finish_step(const Rule&, std::int64_t, float) {}
    /// Loss and gradients of a batch that is accumulated; where all are finite, they join the others.
    template <class Rule>
    outcome start_part(std::size_t batch, const Rule& rule) {
        workspace_.resources().set_rule(rule);
        this->enqueue(batch, part_tail<Rule>{*this});
        workspace_.resources().device.wait();
        const auto& [loss, update] = workspace_.resources().report();
        return {loss, update.finite != 0};
    }
    template <class Rule>
    void finish_part(const Rule&) {}
    /// False where they are not finite together, and nothing was changed.
    template <class Rule>
    bool finish_parts(const Rule& rule, std::int64_t, float) {
        auto& r = workspace_.resources();
        memory::template copy<scalar>(this->kept_.data(), gradients_.data(), gradients_.size());
        r.set_rule(rule);
        r.upload_changes();
        update_tail<Rule>{*this, this->clipping_.value_limit(), this->clipping_.norm_limit()}(r);
        r.device.wait();
        return r.report().update.finite != 0;
    }
    std::vector<scalar> some_gradients(std::size_t first, std::size_t count) const {
        std::vector<scalar> all(count);
        memory::template read<scalar>(gradients_.data() + std::ptrdiff_t(first), all);
        if constexpr (compiled::scaled)
            for (scalar& each : all) each /= gradient_scale_;
        return all;
    }

    using base::counters_;
    using base::gradients_;
    using base::memory_;
    using base::slots_;
    using base::workspace_;

private:
    /// What a device starts behind the gradients.
    template <class Rule>
    struct update_tail {
        device_trainer& self;
        float value_limit, norm_limit;
        std::uint64_t key = 1 + (std::uint64_t(std::bit_cast<std::uint32_t>(value_limit)) << 32) +
                            std::bit_cast<std::uint32_t>(norm_limit);

        void operator()(typename policy::resources& r) const {
            policy::template update_if_finite<Optimizer::slots, Rule>(
                r, value_limit, norm_limit, self.gradients_.size(), self.memory_.parameters,
                self.memory_.gradients, self.slots_.data());
            r.fetch_report(self.workspace_.value(compiled::source.loss, self.memory_).address());
        }
    };

    /// What a device starts behind the gradients of a batch that is accumulated.
    template <class Rule>
    struct part_tail {
        device_trainer& self;
        static constexpr std::uint64_t key = ~std::uint64_t(0);

        void operator()(typename policy::resources& r) const {
            policy::template update_if_finite<0, Rule>(r, 0, 0, self.gradients_.size(), self.kept_.data(),
                                                       self.memory_.gradients, self.kept_.data());
            r.fetch_report(self.workspace_.value(compiled::source.loss, self.memory_).address());
        }
    };

    buffer<scalar> seen_;       // predictions, on the host
    float gradient_scale_ = 1;  // of the gradients as they are
    bool is_resident_ = false;  // do the samples of the last run lie on the device, and not in inputs_?
};

}  // namespace weft::detail
