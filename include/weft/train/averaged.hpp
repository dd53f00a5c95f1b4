#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../model.hpp"
#include "detail/training_state.hpp"

namespace weft {

/// Exponential moving average: each update moves the average by 1 - decay of the way to the model. Error
/// where an average is made of a decay outside [0, 1].
///
///     model<net, cpu> model{seed{1}};
///     averaged average{model, ema{0.99f}};
struct ema {
    float decay = 0.999f;
};
/// The average counts all updates alike (Izmailov et al., "Averaging weights leads to wider optima and better
/// generalization", 2018). No errors.
///
///     model<net, cpu> model{seed{1}};
///     averaged average{model, swa{}};
struct swa {};

/// The average of a model that stands for an error already told.
template <class Model>
class averaged {
public:
    template <class... How>
    explicit averaged(const Model& model, const How&...) : model_(model) {}
    void update(const Model&) {}
    const Model& model() const { return model_; }
    template <class Other>
    void copy_to(Other&) const {}

private:
    const Model& model_;
};

/// The average of a model's parameters over training, as torch.optim.swa_utils.AveragedModel: `update` after
/// each step (or each epoch), then `model` or `copy_to`. The first update takes the parameters as they are.
/// Running statistics are not averaged but are the model's at the last update, as PyTorch's by default. They
/// fit an exponential average, which is near the model; for `swa` make new ones: let a trainer of a copy see
/// the data by `compute_gradients`, which moves statistics and nothing else.
/// The average lies on the host, where a device's model is copied in each update. save(average, path) keeps
/// the average and its number of updates, load(average, path) goes on from them; save(average.model(), path)
/// writes a model's file. Errors: a decay outside [0, 1]; those of save and load.
///
///     model<net, cpu> model{seed{1}};
///     trainer train{model, softmax_cross_entropy, adam{}};
///     averaged average{model, ema{0.99f}};
///     for (int step = 0; step < 100; ++step) {
///         train.step(std::vector<float>{5, 3, 1, 0.2f}, std::vector<int>{0});
///         average.update(model);
///     }
///     const double loss = evaluate(average.model(), flowers, softmax_cross_entropy).loss;
///     average.copy_to(model);
template <sound_model Model>
class averaged<Model> {
public:
    using scalar = typename Model::scalar;
    using host_model = typename Model::host_model;

    /// Of a model like this one; `capacity` is the batch that predictions of the average are made in. Raises
    /// weft::error for a decay outside [0, 1].
    explicit averaged(const Model& model, ema how = {}, batch_capacity capacity = {})
        : decay_(double(how.decay)), average_(model.random_seed(), capacity) {
        if (!(how.decay >= 0.0f && how.decay <= 1.0f))
            raise("cannot average", "a model",
                  "a decay of " + std::to_string(how.decay) + " is not between 0 and 1");
        average_.assign(model);
    }
    averaged(const Model& model, swa, batch_capacity capacity = {}) : averaged(model, ema{}, capacity) {
        decay_ = -1;
    }

    /// Takes the model's parameters into the average.
    void update(const Model& model) {
        if constexpr (Model::memory::on_host)
            take(model);
        else
            take(model.on_host());
    }
    /// The number of updates.
    std::int64_t updates() const { return detail::training_counters<scalar>::number(updates_); }
    /// A model of the averaged parameters; before the first update of the model's first.
    const host_model& model() const { return average_; }
    /// Gives them to a model.
    template <class Other>
    void copy_to(Other& other) const {
        other.assign(average_);
    }

    /// All that averaging goes on from, by name, for save and load.
    std::vector<named_tensor<scalar>> state() { return state_of<scalar>(*this); }
    std::vector<named_tensor<const scalar>> state() const { return state_of<const scalar>(*this); }

    /// Before load(average, …) changes anything: error if the number of updates is none.
    static void check_state(std::span<const scalar> numbers, const std::string& where) {
        for (const scalar digit : numbers.last(2))
            if (!(digit >= 0 && digit < scalar(detail::training_counters<scalar>::digit) &&
                  digit == std::floor(digit)))
                raise("cannot load an average", where, "'average.updates' is no number of updates");
    }

private:
    void take(const host_model& model) {
        const double before = double(updates());
        const scalar part = scalar(before == 0 ? 1.0 : decay_ < 0 ? 1.0 / (before + 1.0) : 1.0 - decay_);
        const std::span<scalar> to = average_.parameters(), statistics = average_.statistics();
        const std::span<const scalar> from = model.parameters();
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] = before == 0 ? from[i] : to[i] + part * (from[i] - to[i]);
        std::copy(model.statistics().begin(), model.statistics().end(), statistics.begin());
        detail::training_counters<scalar>::count(updates_);
    }
    template <class T, class Self>
    static std::vector<named_tensor<T>> state_of(Self& self) {
        std::vector<named_tensor<T>> all;
        for (const auto& tensor : self.average_.state())
            all.push_back({tensor.name, tensor.shape, tensor.data});
        all.push_back({"average.updates", {2}, self.updates_});
        return all;
    }

    double decay_;  // below 0: all count alike
    host_model average_;
    scalar updates_[2] = {};
};

}  // namespace weft
