#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../core/buffer.hpp"
#include "../core/error.hpp"
#include "../graph/names.hpp"
#include "../graph/traversal.hpp"
#include "../model.hpp"
#include "clip.hpp"
#include "detail/training_state.hpp"
#include "optimizer.hpp"

namespace weft {

namespace detail {

/// Copies targets into the policy's scalar; labels are checked against the number of classes.
template <class Loss, class T, class Target>
void copy_targets(const char* what, std::span<const Target> from, T* to, std::size_t first_sample,
                  std::size_t classes) {
    static_assert(!Loss::takes_labels || std::is_integral_v<Target>,
                  "weft: this loss takes class labels, which are whole numbers; for probabilities give it "
                  "soft_targets");
    for (std::size_t i = 0; i < from.size(); ++i) {
        if constexpr (Loss::takes_labels)
            if (from[i] < 0 || std::size_t(from[i]) >= classes)
                raise(what, "sample " + std::to_string(first_sample + i),
                      "its label is " + std::to_string(from[i]) + ", and the network has " +
                          std::to_string(classes) + " classes");
        to[i] = T(from[i]);
    }
}

/// Are all numbers finite? Every product with zero then is zero, so that one sum tells, in lanes of its own.
template <class T>
bool is_finite(std::span<const T> x) {
    constexpr std::size_t width = 16;
    T probe[width] = {};
    std::size_t i = 0;
    for (; i + width <= x.size(); i += width)
        for (std::size_t k = 0; k < width; ++k) probe[k] += x[i + k] * T(0);
    for (; i < x.size(); ++i) probe[0] += x[i] * T(0);
    for (T p : probe)
        if (p != T(0)) return false;
    return true;
}

/// The numbers that a loss asks for at run time, where the policy's kernels find them.
template <class T, class Memory, class Loss>
typename Memory::template buffer<T> constants_of(const Loss& loss, int size) {
    typename Memory::template buffer<T> result{std::size_t(size)};
    if constexpr (requires(std::span<T> all) { loss.fill_constants(all); })
        if (size > 0) {
            buffer<T> numbers{std::size_t(size)};
            loss.fill_constants(numbers.span());
            Memory::template write<T>(numbers.span(), result.data());
        }
    return result;
}

template <class Trainer>
[[noreturn]] void raise_not_finite(Trainer& trainer, const std::string& which, std::size_t batch);

/// How many of n samples are predicted right (for losses that classify).
template <class Loss, class T>
std::size_t count_correct(const T* predictions, const T* targets, std::size_t n, std::size_t outputs,
                          std::size_t target_size) {
    std::size_t correct = 0;
    if constexpr (requires { Loss::classifies; }) {
        if constexpr (Loss::classifies)
            for (std::size_t i = 0; i < n; ++i)
                correct += Loss::is_correct(predictions + i * outputs, targets + i * target_size, outputs);
    }
    return correct;
}

}  // namespace detail

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

/// Trains a model: each step is forward, loss, backward and update, in memory planned while compiling. Holds
/// gradients and the optimiser's state; allocates when it is made and never after.
template <sound_model Model, class Loss, class Optimizer>
class trainer<Model, Loss, Optimizer> {
public:
    using scalar = typename Model::scalar;
    using policy = typename Model::policy;
    using memory = typename Model::memory;
    using compiled = program_for<typename Model::policy, typename Model::network, Loss, purpose::training>;

    /// Trains `model`, which must outlive the trainer, on batches of up to `capacity` samples.
    trainer(Model& model, Loss loss, Optimizer optimizer, batch_capacity capacity = {})
        : model_(model),
          loss_(loss),
          optimizer_(optimizer),
          workspace_(capacity),
          constants_(detail::constants_of<scalar, memory>(loss, compiled::source.constant_size)),
          gradients_(model.parameters_.size()),
          slots_(std::size_t(Optimizer::slots) * gradients_.size()),
          inputs_(std::size_t(workspace_.capacity()) * Model::input_size),
          targets_(std::size_t(workspace_.capacity()) * target_size()),
          seen_(memory::on_host ? 0 : std::size_t(workspace_.capacity()) * Model::output_size) {
        (void)optimizer_.template at<scalar>(
            1, scalar(optimizer_.learning_rate));  // refuses senseless hyperparameters
        memory_.parameters = model_.parameters_.data();
        memory_.gradients = gradients_.data();
        memory_.state = model_.state_.data();
        memory_.constants = constants_.data();
    }

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
        bind_loaded(x.size() / Model::input_size);
        return run(x.size() / Model::input_size);
    }

    /// Samples in a device's memory: samples x input_size and samples x target_size numbers. Labels are whole
    /// numbers below the number of classes, which nothing checks there.
    struct resident_batch {
        typename memory::template pointer<const scalar> inputs, targets;
        std::size_t samples;
    };
    /// One step on samples that the device has: step({x.data(), y.data(), 128}).
    scalar step(const resident_batch& batch, float rate = 1) requires(!memory::on_host) {
        bind(batch);
        return step_bound(batch.samples, rate);
    }
    scalar compute_gradients(const resident_batch& batch) requires(!memory::on_host) {
        bind(batch);
        return run(batch.samples);
    }

    /// One step on what `batch_inputs` and `batch_targets` hold. Where losses are scaled, a step whose
    /// gradients overflow changes nothing but the scale.
    scalar step_loaded(std::size_t batch, float rate = 1) {
        bind_loaded(batch);
        return step_bound(batch, rate);
    }
    /// Room for a batch, to be filled before step_loaded.
    std::span<scalar> batch_inputs(std::size_t batch) {
        return inputs_.span().first(batch * Model::input_size);
    }
    std::span<scalar> batch_targets(std::size_t batch) {
        return targets_.span().first(batch * target_size());
    }

    /// The predictions of the last step, made before its update, and how many of them were right.
    std::span<const scalar> predictions(std::size_t batch) {
        if constexpr (memory::on_host) {
            return {workspace_.value(compiled::source.output, memory_), batch * Model::output_size};
        } else {
            const std::span<scalar> all = seen_.span().first(batch * Model::output_size);
            workspace_.read(compiled::source.output, memory_, all);
            return all;
        }
    }
    std::size_t correct(std::size_t batch) {
        if constexpr (!memory::on_host)
            if (is_resident_) {
                std::vector<scalar> targets(batch * target_size());
                memory::template read<scalar>(memory_.target, targets);
                return detail::count_correct<Loss>(predictions(batch).data(), targets.data(), batch,
                                                   Model::output_size, target_size());
            }
        return detail::count_correct<Loss>(predictions(batch).data(), targets_.data(), batch,
                                           Model::output_size, target_size());
    }

    /// All gradients in the order of the model's parameters, or one by its parameter's name: a span, or a
    /// copy where the policy keeps its numbers elsewhere.
    auto gradients() const { return gradients(0, gradients_.size()); }
    auto gradient(std::string_view name) const {
        const auto& p = Model::record(name);
        if (p.is_state)
            raise("no gradient", std::string(name), "it is a running statistic, which is not trained");
        return gradients(std::size_t(p.offset), std::size_t(p.dims.size()));
    }
    /// All that training goes on from, by name: the model's parameters and statistics, the optimiser's
    /// numbers beside each parameter ("optimizer.0.<name>", …), and the number of steps. So save(trainer,
    /// path) makes a checkpoint, and load(trainer, path) goes on from it with the same bits.
    std::vector<named_tensor<scalar>> state() requires memory::on_host {
        return detail::training_state<scalar>(model_, slots_.span(), Optimizer::slots, counters_, false);
    }
    std::vector<named_tensor<const scalar>> state() const requires memory::on_host {
        return detail::training_state<const scalar>(std::as_const(model_), slots_.span(), Optimizer::slots,
                                                    counters_, false);
    }
    /// Before load(trainer, …) changes anything: error if the counters are none.
    static void check_state(std::span<const scalar> numbers, const std::string& where) {
        detail::training_counters<scalar>::check(numbers, compiled::scaled, where);
    }
    /// On a device: a copy on the host of what state() lists there, and the way back.
    auto on_host() const requires(!memory::on_host) {
        copy_type copy{model_.on_host(), std::vector<scalar>(slots_.size()), counters_};
        memory::template read<scalar>(slots_.data(), copy.slots);
        if constexpr (compiled::scaled) {
            const auto scale = workspace_.resources().loss_scale();
            copy.counters.loss_scale[0] = scale.now;
            copy.counters.loss_scale[1] = scalar(scale.clean);
        }
        return copy;
    }
    template <class Copy>
    void assign(const Copy& copy) requires(!memory::on_host) {
        model_.assign(copy.model);
        memory::template write<scalar>(copy.slots, slots_.data());
        counters_ = copy.counters;
        if constexpr (compiled::scaled)
            workspace_.resources().set_loss_scale(
                {.now = counters_.loss_scale[0], .clean = int(counters_.loss_scale[1])});
    }

    /// Limits gradients before each update.
    void clip(clipping how) { clipping_ = how; }
    /// The steps made, and how many of them changed nothing because gradients of a scaled loss overflowed.
    std::int64_t steps() const { return counters_.number(counters_.steps); }
    std::int64_t skipped_steps() const { return counters_.number(counters_.skipped); }
    /// What the next loss is scaled by.
    float loss_scale() const requires compiled::scaled { return workspace_.resources().loss_scale().now; }
    Model& model() { return model_; }
    const Loss& loss() const { return loss_; }
    const Optimizer& optimizer() const { return optimizer_; }
    int capacity() const { return workspace_.capacity(); }
    static constexpr std::size_t target_size() { return std::size_t(compiled::source.target_size); }

private:
    void check_capacity(std::size_t batch) const {
        if (batch > std::size_t(capacity()))
            raise("cannot train", "a batch of " + std::to_string(batch) + " samples",
                  "the trainer was made for " + std::to_string(capacity()));
    }
    template <class X, std::size_t M, class Y, std::size_t N>
    void load(std::span<X, M> x, std::span<Y, N> y) {
        const std::size_t batch = x.size() / Model::input_size;
        if (batch == 0 || x.size() != batch * Model::input_size || y.size() != batch * target_size())
            raise("cannot train",
                  "a batch of " + std::to_string(x.size()) + " inputs and " + std::to_string(y.size()) +
                      " targets",
                  "each sample has " + std::to_string(Model::input_size) + " inputs and " +
                      std::to_string(target_size()) + " targets");
        check_capacity(batch);
        for (std::size_t i = 0; i < x.size(); ++i) inputs_[i] = scalar(x[i]);
        detail::copy_targets<Loss>("cannot train", std::span<const std::remove_const_t<Y>>(y),
                                   targets_.data(), 0, Model::output_size);
    }
    using copy_type = detail::training_copy<typename Model::host_model, Optimizer, compiled::scaled>;
    struct outcome {
        scalar loss;
        bool finite, skipped = false;
    };
    /// Loss and gradients; a device also updates, unless a number is not finite, so that a step is one piece
    /// of work.
    template <class Rule>
    outcome start_step(std::size_t batch, const Rule& rule) {
        if constexpr (memory::on_host) {
            const scalar loss = run(batch);
            return {loss, detail::is_finite<scalar>(gradients_.span())};
        } else {
            workspace_.resources().set_rule(rule);
            enqueue(batch, update_tail<Rule>{*this, clipping_.value_limit(), clipping_.norm_limit()});
            workspace_.resources().device.wait();
            const auto& [loss, update] = workspace_.resources().report();
            outcome result{loss, update.finite != 0};
            if constexpr (compiled::scaled) {
                gradient_scale_ = update.scale.before;
                result.skipped = !result.finite && update.scale.may_fall();
            }
            return result;
        }
    }
    /// What a device starts behind the gradients.
    template <class Rule>
    struct update_tail {
        trainer& self;
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
    scalar step_bound(std::size_t batch, float rate) {
        const auto rule = optimizer_.template at<scalar>(steps() - skipped_steps() + 1,
                                                         scalar(optimizer_.learning_rate) * scalar(rate));
        const auto [loss, finite, skipped] = start_step(batch, rule);
        if (!std::isfinite(loss)) detail::raise_not_finite(*this, "the loss", batch);
        if (!finite && !skipped) detail::raise_not_finite(*this, "a gradient", batch);
        counters_.count(counters_.steps);
        if (skipped) counters_.count(counters_.skipped);
        if constexpr (memory::on_host) {
            if (clipping_) clipping_.apply(gradients_.span());
            policy::template update<Optimizer::slots>(rule, gradients_.size(), memory_.parameters,
                                                      gradients_.data(), slots_.data());
        }
        return loss;
    }
    void bind_loaded(std::size_t batch) {
        memory_.input = workspace_.load(batch_inputs(batch));
        memory_.target = workspace_.load_targets(batch_targets(batch));
        is_resident_ = false;
    }
    void bind(const resident_batch& batch) {
        if (batch.samples == 0) raise("cannot train", "a batch of 0 samples", "there is nothing to learn");
        check_capacity(batch.samples);
        memory_.input = batch.inputs;
        memory_.target = batch.targets;
        is_resident_ = true;
    }
    /// For what looks at the samples of the last run on the host.
    void fetch_resident(std::size_t batch) {
        if (!is_resident_) return;
        memory::template read<scalar>(memory_.input, batch_inputs(batch));
        memory::template read<scalar>(memory_.target, batch_targets(batch));
    }
    template <class... Tail>
    void enqueue(std::size_t batch, const Tail&... tail) {
        workspace_.run(memory_, int(batch), model_.random_seed().value, std::uint64_t(steps()), tail...);
    }
    scalar loss_of_run() {
        scalar loss;
        workspace_.read(compiled::source.loss, memory_, {&loss, 1});
        return loss;
    }
    scalar run(std::size_t batch) {
        enqueue(batch);
        if constexpr (compiled::scaled) gradient_scale_ = loss_scale();
        return loss_of_run();
    }
    auto gradients(std::size_t first, std::size_t count) const {
        if constexpr (memory::on_host) {
            return gradients_.span().subspan(first, count);
        } else {
            std::vector<scalar> all(count);
            memory::template read<scalar>(gradients_.data() + std::ptrdiff_t(first), all);
            if constexpr (compiled::scaled)
                for (scalar& each : all) each /= gradient_scale_;
            return all;
        }
    }
    template <class Trainer>
    friend void detail::raise_not_finite(Trainer&, const std::string&, std::size_t);

    Model& model_;
    Loss loss_;
    Optimizer optimizer_;
    workspace<policy, compiled> workspace_;
    typename memory::template buffer<scalar> constants_, gradients_, slots_;
    buffer<scalar> inputs_, targets_, seen_;  // on the host
    bindings<scalar, memory> memory_;
    clipping clipping_;
    detail::training_counters<scalar> counters_;
    float gradient_scale_ = 1;  // of the gradients as they are
    bool is_resident_ = false;  // do the samples of the last run lie on a device, and not in inputs_?
};

}  // namespace weft

#include "not_finite.hpp"
