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

/// The rule by which a batch's gradients join those that are kept.
template <class T>
struct mix_in {
    T keep, part;
    template <class V>
    constexpr void operator()(V& kept, const V& gradient, V*) const {
        kept = keep * kept + part * gradient;
    }
};

/// The number of the first layer with a batch norm that sees one value per channel of each sample; 0 if there
/// is none.
template <class Program>
constexpr int layer_that_needs_two() {
    for (int i = 0; i < Program::graph.node_count; ++i) {
        const graph::node& n = Program::graph.nodes[std::size_t(i)];
        if (n.is<graph::batch_norm_stats>() && n.as<graph::batch_normalization>().inner == 1) return n.layer;
    }
    return 0;
}

/// What a trainer is wherever its numbers are: a model, gradients, an optimiser's numbers, a program's
/// memory, and room on the host for a batch.
template <class Model, class Loss, class Optimizer>
class trainer_base {
public:
    using model_type = Model;
    using scalar = typename Model::scalar;
    using policy = typename Model::policy;
    using memory = typename Model::memory;
    using compiled = program_for<typename Model::policy, typename Model::network, Loss, purpose::training>;

    /// Room for a batch, to be filled before step_loaded. Error beyond the capacity.
    std::span<scalar> batch_inputs(std::size_t batch) {
        check_capacity(batch);
        return inputs_.span().first(batch * Model::input_size);
    }
    /// The same for its targets; labels as numbers.
    std::span<scalar> batch_targets(std::size_t batch) {
        check_capacity(batch);
        return targets_.span().first(batch * target_size());
    }

    /// Before load(trainer, …) changes anything: error if the counters are none.
    static void check_state(std::span<const scalar> numbers, const std::string& where) {
        training_counters<scalar>::check(numbers, compiled::scaled, where);
    }
    /// What a checkpoint says in words: the seed, the optimiser's kind and the epochs that fit made.
    metadata_entries metadata() const { return facts().entries(); }
    void check_metadata(const metadata_entries& metadata, const std::string& where) const {
        facts().read(metadata, where);
    }
    void take_metadata(const metadata_entries& metadata) { take(facts().read(metadata, {})); }

    /// fit makes epochs of `batches` batches of `batch_size` samples. Were the steps made so far part of
    /// such? Error if they were of others: how many epochs that are nobody could tell.
    bool note_epochs(std::size_t batch_size, std::int64_t batches) {
        const auto text = [](std::uint64_t count, std::uint64_t size) {
            return std::to_string(count) + " batches of " + std::to_string(size) + " samples";
        };
        const bool noted = steps() > 0 && batches_ > 0;
        if (noted && (batch_size_ != batch_size || batches_ != std::uint64_t(batches)))
            raise("cannot train", "the trainer",
                  "its " + std::to_string(steps()) + " steps were made in epochs of " +
                      text(batches_, batch_size_) + ", and these are epochs of " +
                      text(std::uint64_t(batches), batch_size));
        batch_size_ = batch_size;
        batches_ = std::uint64_t(batches);
        return noted;
    }
    /// Limits gradients before each update.
    void clip(clipping how) { clipping_ = how; }
    /// The steps made.
    std::int64_t steps() const { return counters_.number(counters_.steps); }
    /// How many of them changed nothing because gradients of a scaled loss overflowed.
    std::int64_t skipped_steps() const { return counters_.number(counters_.skipped); }
    Model& model() { return model_; }
    const Loss& loss() const { return loss_; }
    const Optimizer& optimizer() const { return optimizer_; }
    int capacity() const { return workspace_.capacity(); }
    /// Error if a batch is larger than that, or empty.
    void check_batch(std::size_t batch) const {
        if (batch == 0) raise("cannot train", "a batch of 0 samples", "there is nothing to learn");
        check_capacity(batch);
    }
    void check_capacity(std::size_t batch) const {
        if (batch > std::size_t(capacity()))
            raise("cannot train", "a batch of " + std::to_string(batch) + " samples",
                  "the trainer was made for " + std::to_string(capacity()) +
                      "; make it with batch_capacity{" + std::to_string(batch) + "}");
    }
    static constexpr std::size_t target_size() { return std::size_t(compiled::source.target_size); }
    /// The fewest samples that a step takes: two where a batch norm has one value per channel of each, since
    /// one value has no variance.
    static constexpr std::size_t least_batch() { return layer_that_needs_two<compiled>() > 0 ? 2 : 1; }

protected:
    trainer_base(Model& model, const Loss& loss, const Optimizer& optimizer, batch_capacity capacity)
        : model_(model),
          loss_(loss),
          optimizer_(optimizer),
          workspace_(capacity),
          constants_(constants_of<scalar, memory>(loss, compiled::source.constant_size)),
          gradients_(model.parameters_.size()),
          slots_(std::size_t(Optimizer::slots) * gradients_.size()),
          statistics_before_(model.state_.size()),
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

    training_facts facts() const {
        return {model_.random_seed().value, kind_of<Optimizer>(), batch_size_, batches_};
    }
    void take(const training_facts& facts) {
        model_.seed_ = seed{facts.seed};
        batch_size_ = facts.batch_size;
        batches_ = facts.batches;
    }
    static void check_least(std::size_t batch) {
        if (batch == 1 && least_batch() > 1)
            raise("cannot train", "a batch of 1 sample",
                  "batch_norm of layer " + std::to_string(layer_that_needs_two<compiled>()) +
                      " would have one value per channel, which has no variance; a batch needs 2 samples");
    }
    /// Running statistics move in the forward pass: a step that is refused takes them back.
    void keep_statistics() {
        memory::template copy<scalar>(model_.state_.data(), statistics_before_.data(), model_.state_.size());
    }
    void restore_statistics() {
        memory::template copy<scalar>(statistics_before_.data(), model_.state_.data(), model_.state_.size());
    }
    void bind_loaded(std::size_t batch) {
        check_least(batch);
        memory_.input = workspace_.load(batch_inputs(batch));
        memory_.target = workspace_.load_targets(batch_targets(batch));
    }
    template <class... Tail>
    void enqueue(std::size_t batch, const Tail&... tail) {
        workspace_.run(memory_, int(batch), draw_seed(), std::uint64_t(steps()), tail...);
    }
    /// What dropout draws from: other numbers for each batch that is accumulated in one step.
    std::uint64_t draw_seed() const {
        return model_.random_seed().value + parts_ * std::uint64_t(0x9E3779B97F4A7C15u);
    }
    /// How a batch that weighs so much joins the mean of the gradients since the last update (of a summed
    /// loss, their sum).
    mix_in<scalar> rule_of_part(double share) {
        if (kept_.size() == 0) kept_ = decltype(kept_)(gradients_.size());
        if (parts_ == 0) kept_share_ = 0;
        if constexpr (requires { Loss::sums; }) {
            return {scalar(parts_ > 0), scalar(1)};
        } else {
            const double part = parts_ == 0 ? 1.0 : share > 0 ? share / (kept_share_ + share) : 0.0;
            return {scalar(1.0 - part), scalar(part)};
        }
    }
    void count_part(double share) {
        kept_share_ += share;
        ++parts_;
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
    typename memory::template buffer<scalar> constants_, gradients_, slots_, statistics_before_;
    buffer<scalar> inputs_, targets_;  // on the host
    bindings<scalar, memory> memory_;
    typename memory::template buffer<scalar> kept_;  // gradients that were accumulated, if they ever are
    double kept_share_ = 0;                          // what they weigh
    std::uint64_t parts_ = 0;                        // and of how many batches since the last update they are
    clipping clipping_;
    training_counters<scalar> counters_;
    std::uint64_t batch_size_ = 0, batches_ = 0;  // of fit's epochs
};

}  // namespace weft::detail
