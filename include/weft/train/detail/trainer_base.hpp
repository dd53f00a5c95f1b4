#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "../../core/buffer.hpp"
#include "../../core/error.hpp"
#include "../../model.hpp"
#include "../clip.hpp"
#include "batch.hpp"
#include "training_state.hpp"

namespace weft::detail {

/// What a trainer is wherever its numbers are: a model, gradients, an optimiser's numbers, a program's
/// memory, and room on the host for a batch.
template <class Model, class Loss, class Optimizer>
class trainer_base {
public:
    using scalar = typename Model::scalar;
    using policy = typename Model::policy;
    using memory = typename Model::memory;
    using compiled = program_for<typename Model::policy, typename Model::network, Loss, purpose::training>;

    /// Room for a batch, to be filled before step_loaded.
    std::span<scalar> batch_inputs(std::size_t batch) {
        return inputs_.span().first(batch * Model::input_size);
    }
    std::span<scalar> batch_targets(std::size_t batch) {
        return targets_.span().first(batch * target_size());
    }

    /// Before load(trainer, …) changes anything: error if the counters are none.
    static void check_state(std::span<const scalar> numbers, const std::string& where) {
        training_counters<scalar>::check(numbers, compiled::scaled, where);
    }
    /// Limits gradients before each update.
    void clip(clipping how) { clipping_ = how; }
    /// The steps made, and how many of them changed nothing because gradients of a scaled loss overflowed.
    std::int64_t steps() const { return counters_.number(counters_.steps); }
    std::int64_t skipped_steps() const { return counters_.number(counters_.skipped); }
    Model& model() { return model_; }
    const Loss& loss() const { return loss_; }
    const Optimizer& optimizer() const { return optimizer_; }
    int capacity() const { return workspace_.capacity(); }
    static constexpr std::size_t target_size() { return std::size_t(compiled::source.target_size); }

protected:
    trainer_base(Model& model, const Loss& loss, const Optimizer& optimizer, batch_capacity capacity)
        : model_(model),
          loss_(loss),
          optimizer_(optimizer),
          workspace_(capacity),
          constants_(constants_of<scalar, memory>(loss, compiled::source.constant_size)),
          gradients_(model.parameters_.size()),
          slots_(std::size_t(Optimizer::slots) * gradients_.size()),
          inputs_(std::size_t(workspace_.capacity()) * Model::input_size),
          targets_(std::size_t(workspace_.capacity()) * target_size()) {
        (void)optimizer_.template at<scalar>(
            1, scalar(optimizer_.learning_rate));  // refuses senseless hyperparameters
        memory_.parameters = model_.parameters_.data();
        memory_.gradients = gradients_.data();
        memory_.state = model_.state_.data();
        memory_.constants = constants_.data();
    }

    /// What a step's run says before anything on the host changes.
    struct outcome {
        scalar loss;
        bool finite, skipped = false;
    };

    void check_capacity(std::size_t batch) const {
        if (batch > std::size_t(capacity()))
            raise("cannot train", "a batch of " + std::to_string(batch) + " samples",
                  "the trainer was made for " + std::to_string(capacity()));
    }
    void bind_loaded(std::size_t batch) {
        memory_.input = workspace_.load(batch_inputs(batch));
        memory_.target = workspace_.load_targets(batch_targets(batch));
    }
    template <class... Tail>
    void enqueue(std::size_t batch, const Tail&... tail) {
        workspace_.run(memory_, int(batch), model_.random_seed().value, std::uint64_t(steps()), tail...);
    }
    /// Loss and gradients.
    scalar run(std::size_t batch) {
        enqueue(batch);
        scalar loss;
        workspace_.read(compiled::source.loss, memory_, {&loss, 1});
        return loss;
    }

    Model& model_;
    Loss loss_;
    Optimizer optimizer_;
    workspace<policy, compiled> workspace_;
    typename memory::template buffer<scalar> constants_, gradients_, slots_;
    buffer<scalar> inputs_, targets_;  // on the host
    bindings<scalar, memory> memory_;
    clipping clipping_;
    training_counters<scalar> counters_;
};

}  // namespace weft::detail
