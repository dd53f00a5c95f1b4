#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "host_update.hpp"
#include "trainer_base.hpp"

namespace weft::detail {

/// What a trainer is on the host: all of its numbers are there to be looked at, and the host itself updates.
template <class Model, class Loss, class Optimizer>
class host_trainer : public trainer_base<Model, Loss, Optimizer> {
    using base = trainer_base<Model, Loss, Optimizer>;

public:
    using typename base::compiled;
    using typename base::policy;
    using typename base::scalar;

    /// The predictions of the last step, made before its update.
    std::span<const scalar> predictions(std::size_t batch) {
        this->check_capacity(batch);
        return {workspace_.value(compiled::source.output, memory_), batch * Model::output_size};
    }
    /// How many of them were right.
    std::size_t correct(std::size_t batch) {
        return count_correct<Loss>(predictions(batch).data(), this->targets_.data(), batch,
                                   Model::output_size, base::target_size());
    }
    /// All that training goes on from, by name: the model's parameters and statistics, the optimiser's
    /// numbers beside each parameter ("optimizer.0.<name>", …), and the number of steps. So save(trainer,
    /// path) makes a checkpoint, and load(trainer, path) goes on from it with the same bits.
    std::vector<named_tensor<scalar>> state() {
        return training_state<scalar>(this->model_, slots_.span(), Optimizer::slots, this->counters_, false);
    }
    std::vector<named_tensor<const scalar>> state() const {
        return training_state<const scalar>(std::as_const(this->model_), slots_.span(), Optimizer::slots,
                                            this->counters_, false);
    }

    /// Trains groups of parameters otherwise than the optimiser says, from the next step on; none: all alike.
    /// A checkpoint does not have them. Raises weft::error for a group without parameters, a weight decay
    /// where the optimiser has none, and values that make no sense.
    void groups(const std::vector<parameter_group>& groups) {
        updates_.group(this->optimizer_, groups, Model::inference::source.parameters);
    }

protected:
    using typename base::outcome;

    host_trainer(Model& model, const Loss& loss, const Optimizer& optimizer, batch_capacity capacity)
        : base(model, loss, optimizer, capacity), updates_(optimizer, Model::inference::source.parameters) {}

    template <class Rule>
    outcome start_step(std::size_t batch, const Rule&) {
        const scalar loss = this->run(batch);
        return {loss, is_finite<scalar>(gradients_.span())};
    }
    template <class Rule>
    void finish_step(const Rule& rule, std::int64_t step, float rate) {
        if (this->clipping_) this->clipping_.apply(gradients_.span());
        updates_.run(rule, step, rate, gradients_.size(), memory_.parameters, gradients_.data(),
                     slots_.data());
    }
    /// Loss and gradients of a batch that is accumulated; then these join the others.
    template <class Rule>
    outcome start_part(std::size_t batch, const Rule& rule) {
        return start_step(batch, rule);
    }
    template <class Rule>
    void finish_part(const Rule& rule) {
        policy::template update<0>(rule, gradients_.size(), this->kept_.data(), gradients_.data(),
                                   this->kept_.data(), 0);
    }
    /// False where they are not finite together, and nothing was changed.
    template <class Rule>
    bool finish_parts(const Rule& rule, std::int64_t step, float rate) {
        if (!is_finite<scalar>(this->kept_.span())) return false;
        std::copy_n(this->kept_.data(), gradients_.size(), gradients_.data());
        finish_step(rule, step, rate);
        return true;
    }
    std::span<const scalar> some_gradients(std::size_t first, std::size_t count) const {
        return gradients_.span().subspan(first, count);
    }

    using base::gradients_;
    using base::memory_;
    using base::slots_;
    using base::workspace_;

private:
    host_updates<policy, Optimizer> updates_;
};

}  // namespace weft::detail
