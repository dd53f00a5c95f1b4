#pragma once
/// What a model is worth on data that it has not seen.
///
///     model<net, cpu> model{seed{1}};
///     const evaluation score = evaluate(model, more_flowers, softmax_cross_entropy);
///     std::printf("loss %.3f, accuracy %.1f %%\n", score.loss, 100 * score.accuracy);

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "trainer.hpp"

namespace weft {

/// What a model scores on a data set. `accuracy` is NaN for losses that do not classify.
struct evaluation {
    double loss = 0;
    double accuracy = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

/// Error unless a data set's samples fit a model and a loss.
template <class Model, class Data>
void check_data(const char* what, const Data& data, std::size_t target_size) {
    if (data.empty()) raise(what, "the data set", "it is empty");
    if (data.input_size != Model::input_size || data.target_size != target_size)
        raise(what, "the data set",
              "its samples have " + std::to_string(data.input_size) + " inputs and " +
                  std::to_string(data.target_size) + " targets; the network and the loss take " +
                  std::to_string(Model::input_size) + " and " + std::to_string(target_size));
    // Its members are public, and may have been filled by hand.
    if (data.inputs.size() != data.size() * data.input_size ||
        data.targets.size() != data.size() * data.target_size)
        raise(what, "the data set",
              "it has " + std::to_string(data.inputs.size()) + " inputs, " + std::to_string(data.input_size) +
                  " for each sample, but " + std::to_string(data.targets.size()) + " targets, " +
                  std::to_string(data.target_size) + " for each");
}

/// Scores a model batch after batch, in memory of its own.
template <class Model, class Loss>
class evaluator {
public:
    using scalar = typename Model::scalar;
    using compiled = program<outputs_of<Model>, Loss, purpose::evaluation>;

    evaluator(const Loss& loss, batch_capacity capacity)
        : space_(capacity),
          loss_(capacity),
          definition_(loss),
          constants_(constants_of<scalar, typename Model::memory>(loss, compiled::source.constant_size)),
          inputs_(std::size_t(space_.capacity()) * Model::input_size),
          outputs_(std::size_t(space_.capacity()) * Model::output_size),
          targets_(std::size_t(space_.capacity()) * std::size_t(compiled::source.target_size)) {}

    template <class Data>
    evaluation operator()(const Model& model, const Data& data) {
        check_data<Model>("cannot evaluate", data, std::size_t(compiled::source.target_size));
        bindings<scalar, typename Model::memory> b;
        b.constants = constants_.data();
        double loss = 0, weight = 0;
        std::size_t correct = 0;
        for (std::size_t first = 0; first < data.size(); first += std::size_t(space_.capacity())) {
            const std::size_t n = std::min(data.size() - first, std::size_t(space_.capacity()));
            std::copy_n(data.inputs.data() + first * Model::input_size, n * Model::input_size,
                        inputs_.data());
            copy_targets<Loss>(
                "cannot evaluate",
                std::span(data.targets).subspan(first * data.target_size, n * data.target_size),
                targets_.data(), first, Model::output_size);
            model.predict(inputs_.span().first(n * Model::input_size),
                          outputs_.span().first(n * Model::output_size), space_);
            check_predictions(data, first, n);
            b.input = loss_.load(outputs_.span().first(n * Model::output_size));
            b.target = loss_.load_targets(targets_.span().first(n * data.target_size));
            loss_.run(b, int(n));
            scalar batch_loss;
            loss_.read(compiled::source.loss, b, {&batch_loss, 1});
            const double share = share_of(definition_, targets_.data(), n);
            if (share > 0 && !std::isfinite(batch_loss))
                raise("cannot evaluate",
                      "samples " + std::to_string(first) + " to " + std::to_string(first + n - 1),
                      "their loss is not a finite number");
            loss += total_of<Loss>(double(batch_loss), share);
            weight += share;
            correct += count_correct<Loss>(outputs_.data(), targets_.data(), n, Model::output_size,
                                           data.target_size);
        }
        evaluation result{.loss = loss / weight};
        if constexpr (requires { Loss::classifies; })
            if (Loss::classifies) result.accuracy = double(correct) / double(data.size());
        return result;
    }

private:
    /// Error that names the first sample with a prediction that is no number, and its input where that is
    /// why.
    template <class Data>
    void check_predictions(const Data& data, std::size_t first, std::size_t n) const {
        const auto y = outputs_.span().first(n * Model::output_size);
        const auto bad = std::find_if(y.begin(), y.end(), [](scalar each) { return each != each; });
        if (bad == y.end()) return;
        check_samples<scalar>("cannot evaluate", inputs_.span().first(n * data.input_size), data.input_size,
                              "input", first);
        const std::size_t at = std::size_t(bad - y.begin());
        raise("cannot evaluate", "sample " + std::to_string(first + at / Model::output_size),
              "the model's output " + std::to_string(at % Model::output_size) + " for it is not a number");
    }

    typename Model::inference_workspace space_;
    workspace<typename Model::policy, compiled> loss_;
    Loss definition_;
    typename Model::memory::template buffer<scalar> constants_;
    buffer<scalar> inputs_, outputs_, targets_;  // on the host
};

}  // namespace detail

/// The mean loss of a model on a data set and, for a loss that classifies, the share that it gets right.
/// Error where the data set is empty or does not fit the model and the loss; with the sample, where a label
/// is no class, a prediction is not a number or the loss is not finite.
template <class Model, class Data, class Loss>
evaluation evaluate(const Model& model, const Data& data, const Loss& loss, batch_capacity capacity = {256}) {
    if constexpr (detail::scorable<Model, Loss>) {
        return detail::evaluator<Model, Loss>(loss, capacity)(model, data);
    } else {
        detail::report_loss<Model, Loss>();
        return {};
    }
}

}  // namespace weft
