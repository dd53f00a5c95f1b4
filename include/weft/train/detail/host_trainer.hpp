#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

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

    /// The predictions of the last step, made before its update, and how many of them were right.
    std::span<const scalar> predictions(std::size_t batch) {
        return {workspace_.value(compiled::source.output, memory_), batch * Model::output_size};
    }
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

protected:
    using base::base;
    using typename base::outcome;

    template <class Rule>
    outcome start_step(std::size_t batch, const Rule&) {
        const scalar loss = this->run(batch);
        return {loss, is_finite<scalar>(gradients_.span())};
    }
    template <class Rule>
    void finish_step(const Rule& rule) {
        if (this->clipping_) this->clipping_.apply(gradients_.span());
        policy::template update<Optimizer::slots>(rule, gradients_.size(), memory_.parameters,
                                                  gradients_.data(), slots_.data());
    }
    std::span<const scalar> some_gradients(std::size_t first, std::size_t count) const {
        return gradients_.span().subspan(first, count);
    }

    using base::gradients_;
    using base::memory_;
    using base::slots_;
    using base::workspace_;
};

}  // namespace weft::detail
