#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/real.hpp"
#include "../../graph/builder.hpp"

namespace weft {

/// Mixes every target with the uniform distribution: (1 - Amount) target + Amount / classes.
template <real Amount>
struct label_smoothing {
    static_assert(Amount.value() >= 0 && Amount.value() < 1,
                  "weft: label smoothing is at least 0 and below 1");
    static constexpr float smoothing = Amount.value();
};
/// Targets are probabilities, one for each class, instead of a label.
struct soft_targets {
    static constexpr bool soft = true;
};
/// Each class has a weight, given to `weights`.
struct class_weights {
    static constexpr bool weighted = true;
};

namespace detail {

template <class Option>
constexpr float smoothing_of() {
    if constexpr (requires { Option::smoothing; })
        return Option::smoothing;
    else
        return 0;
}

/// The number of the largest of n numbers, the first of equals.
template <class T>
std::size_t largest(const T* x, std::size_t n) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < n; ++k)
        if (x[k] > x[best]) best = k;
    return best;
}

}  // namespace detail

/// Softmax, then minus the log-probability of the target, as PyTorch's CrossEntropyLoss: predictions are
/// logits [classes], targets a label from 0 (or, with soft_targets, [classes] probabilities). The mean over
/// the batch, or with class_weights the mean weighted by the labels' weights.
template <class... Options>
struct softmax_cross_entropy_loss {
    static constexpr bool soft = (requires { Options::soft; } || ...);
    static constexpr bool weighted = (requires { Options::weighted; } || ...);
    static constexpr float smoothing = (detail::smoothing_of<Options>() + ... + 0.f);
    /// Targets are whole numbers, one per sample: the class.
    static constexpr bool takes_labels = !soft;
    static constexpr bool classifies = true;
    static constexpr int primitives = 6;

    std::vector<float> class_weight;

    /// The same loss with these class weights, one for each class.
    softmax_cross_entropy_loss weights(std::vector<float> values) const requires weighted {
        softmax_cross_entropy_loss result = *this;
        result.class_weight = std::move(values);
        return result;
    }

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        using value = typename B::value;
        const int classes = prediction.dims.size();
        const value target = b.target(extents(soft ? classes : 1));
        const value weight = weighted ? b.constant(extents(classes)) : value{};
        value total_weight;
        const value logits = b.reshape(prediction, extents(classes));
        const value loss = b.pick_nll(b.log_softmax(logits, 0), target, weight, smoothing, &total_weight);
        if constexpr (weighted && !soft)
            return b.divide(b.sum(loss), b.sum(total_weight));
        else
            return b.mean(loss);
    }
    template <class T>
    void fill_constants(std::span<T> constants) const {
        if (constants.size() != class_weight.size())
            raise("cannot train", "softmax_cross_entropy",
                  std::to_string(class_weight.size()) + " class weights for " +
                      std::to_string(constants.size()) + " classes");
        for (std::size_t i = 0; i < constants.size(); ++i) constants[i] = T(class_weight[i]);
    }
    /// What n labels weigh together, which is what their mean divides by.
    template <class T>
    double weight_of(const T* labels, std::size_t n) const requires(weighted && !soft) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += double(class_weight[std::size_t(labels[i])]);
        return sum;
    }
    template <class T>
    static bool is_correct(const T* prediction, const T* target, std::size_t classes) {
        const std::size_t truth = soft ? detail::largest(target, classes) : std::size_t(target[0]);
        return detail::largest(prediction, classes) == truth;
    }
};

/// softmax_cross_entropy_with<label_smoothing<0.1>, class_weights>.weights({…})
template <class... Options>
inline const softmax_cross_entropy_loss<Options...> softmax_cross_entropy_with{};
inline const softmax_cross_entropy_loss<> softmax_cross_entropy{};

/// The sigmoid's cross-entropy from logits, as PyTorch's BCEWithLogitsLoss: targets are 0 to 1, with the
/// predictions' shape. The mean over the batch and all elements.
struct binary_cross_entropy_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = true;
    static constexpr int primitives = 5;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        return b.mean(
            b.subtract(b.unary(graph::function::softplus, prediction), b.multiply(prediction, target)));
    }
    template <class T>
    static bool is_correct(const T* prediction, const T* target, std::size_t n) {
        for (std::size_t k = 0; k < n; ++k)
            if ((prediction[k] > 0) != (target[k] > T(0.5))) return false;
        return true;
    }
};
inline constexpr binary_cross_entropy_loss binary_cross_entropy_with_logits{};

}  // namespace weft
