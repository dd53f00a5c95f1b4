#pragma once
/// For classes, from logits: networks end without `softmax` or `sigmoid`, and accuracies come with the loss.
/// Errors, when training begins, for targets that do not fit the network; while it runs, for a label that is
/// no class, with its sample, and for a loss or a gradient that is no finite number.

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/real.hpp"
#include "../../graph/builder.hpp"

namespace weft {

/// Mixes every target with the uniform distribution: (1 - Amount) target + Amount / classes. Does not compile
/// for an Amount below 0, or of 1 and more.
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

/// Which of the loss's options it is, from 0; -1 for none.
template <class Option>
constexpr int option_of_loss() {
    if constexpr (requires { Option::smoothing; })
        return 0;
    else if constexpr (requires { Option::soft; })
        return 1;
    else if constexpr (requires { Option::weighted; })
        return 2;
    else
        return -1;
}
template <class... Options>
constexpr int count_of_option([[maybe_unused]] int option) {
    return (int(option_of_loss<Options>() == option) + ... + 0);
}

template <class... Options>
concept options_of_softmax_cross_entropy = ((option_of_loss<Options>() >= 0) && ...);
template <class... Options>
concept no_option_is_given_twice = count_of_option<Options...>(0)
<= 1 && count_of_option<Options...>(1) <= 1 && count_of_option<Options...>(2) <= 1;

/// The number of the largest of n numbers, the first of equals; n where one is NaN.
template <class T>
std::size_t largest(const T* x, std::size_t n) {
    std::size_t best = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (x[k] != x[k]) return n;
        if (x[k] > x[best]) best = k;
    }
    return best;
}

}  // namespace detail

/// Softmax, then minus the log-probability of the target, as PyTorch's CrossEntropyLoss: predictions are
/// logits [classes], targets a label from 0 (or, with soft_targets, [classes] probabilities). The mean over
/// the batch, or with class_weights the mean weighted by the labels' weights. Error for class weights of
/// another number than there are classes.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{});
///     fit(model, flowers, softmax_cross_entropy_with<label_smoothing<0.1>>, adam{});
///     const auto loss = softmax_cross_entropy_with<class_weights>.weights({1, 2, 5});
///     trainer train{model, softmax_cross_entropy_with<soft_targets>, adam{}};
template <class... Options>
struct softmax_cross_entropy_loss {
    static constexpr bool soft = detail::count_of_option<Options...>(1) > 0;
    static constexpr bool weighted = detail::count_of_option<Options...>(2) > 0;
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
            return b.weighted_mean(loss, total_weight);
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
    /// Predictions with a NaN are never correct.
    template <class T>
    static bool is_correct(const T* prediction, const T* target, std::size_t classes) {
        const std::size_t truth = soft ? detail::largest(target, classes) : std::size_t(target[0]);
        const std::size_t best = detail::largest(prediction, classes);
        return best < classes && best == truth;
    }
};

template <class... Options>
requires detail::options_of_softmax_cross_entropy<Options...> && detail::no_option_is_given_twice<Options...>
inline const softmax_cross_entropy_loss<Options...> softmax_cross_entropy_with{};
inline const softmax_cross_entropy_loss<> softmax_cross_entropy{};

struct weighted_binary_cross_entropy_loss;

/// The sigmoid's cross-entropy from logits, as PyTorch's BCEWithLogitsLoss: targets are 0 to 1, with the
/// predictions' shape. The mean over the batch and all elements. A sample counts as right where all its
/// elements are on their target's side of 0.5.
///
///     constexpr auto tags = input<4> >> dense<16> >> relu >> dense<5>;  // five of them, each yes or no
///     model<tags, cpu> model{seed{1}};
///     trainer train{model, binary_cross_entropy_with_logits, adam{}};
struct binary_cross_entropy_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = true;
    static constexpr int primitives = 9;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        // -log(1 - p) for what the target leaves to the other class and -log(p) for the target: both at least
        // 0, so that nothing cancels however sure the prediction is.
        const auto other =
            b.multiply(b.unary(graph::function::softplus, prediction), b.offset(b.scale(target, -1), 1));
        return b.mean(
            b.add(other, b.multiply(b.unary(graph::function::softplus, b.scale(prediction, -1)), target)));
    }
    /// A NaN is never correct.
    template <class T>
    static bool is_correct(const T* prediction, const T* target, std::size_t n) {
        for (std::size_t k = 0; k < n; ++k)
            if (prediction[k] != prediction[k] || (prediction[k] > 0) != (target[k] > T(0.5))) return false;
        return true;
    }

    /// The same loss where targets of 1 weigh so much: one number for each output, or one for all (PyTorch's
    /// pos_weight). Raises weft::error where a trainer is made of another number of them.
    weighted_binary_cross_entropy_loss pos_weight(std::vector<float> values) const;
};
inline constexpr binary_cross_entropy_loss binary_cross_entropy_with_logits{};

/// What binary_cross_entropy_with_logits.pos_weight(…) makes: the terms of targets are multiplied by an
/// output's weight, those of 1 - target are not. Neither of the two cancels, whatever the logit. Raises
/// weft::error when training begins, unless there is one weight for each output, or one for all.
///
///     const weighted_binary_cross_entropy_loss loss = binary_cross_entropy_with_logits.pos_weight({3});
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, loss, adam{});
struct weighted_binary_cross_entropy_loss : binary_cross_entropy_loss {
    static constexpr int primitives = 10;

    std::vector<float> positive_weight;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        using value = typename B::value;
        const extents flat(prediction.dims.size());
        const value logit = b.reshape(prediction, flat), target = b.target(flat), weight = b.constant(flat);
        const value missed = b.multiply(b.unary(graph::function::softplus, b.scale(logit, -1)), target);
        const value negative = b.offset(b.scale(target, -1), 1);
        const value alarm = b.multiply(b.unary(graph::function::softplus, logit), negative);
        return b.mean(b.add(b.along(B::multiply_step, missed, weight, 0), alarm));
    }
    template <class T>
    void fill_constants(std::span<T> constants) const {
        if (positive_weight.size() != 1 && constants.size() != positive_weight.size())
            raise("cannot train", "binary_cross_entropy_with_logits",
                  std::to_string(positive_weight.size()) + " weights of positives for " +
                      std::to_string(constants.size()) + " outputs");
        for (std::size_t i = 0; i < constants.size(); ++i)
            constants[i] = T(positive_weight[positive_weight.size() == 1 ? 0 : i]);
    }
};
inline weighted_binary_cross_entropy_loss binary_cross_entropy_loss::pos_weight(
    std::vector<float> values) const {
    weighted_binary_cross_entropy_loss result;
    result.positive_weight = std::move(values);
    return result;
}

}  // namespace weft
