#pragma once
/// Losses that are a distribution's. Errors, when training begins, for targets that do not
/// fit the network; while it runs, for a loss or a gradient that is no finite number.

#include "../../graph/builder.hpp"

namespace weft {

/// The negative log-likelihood of a normal distribution whose mean and variance are predicted: the output's
/// first half are the means, [n], and the second the logarithms of the variances, [n]; targets are [n]. The
/// mean over the batch and all n of (log variance + (mean - target)^2 / variance) / 2, as PyTorch's
/// GaussianNLLLoss of exp(second half). (A logarithm may be any number, so nothing need be clamped: PyTorch's
/// `eps` has no counterpart. The constant log(2 pi) / 2 is left out, as PyTorch does.) Does not compile
/// for an output of an odd number of elements.
///
///     constexpr auto spread = input<4> >> dense<16> >> relu >> dense<2>;  // a mean, and how sure that is
///     model<spread, cpu> model{seed{1}};
///     fit(model, houses, gaussian_nll, adam{});
struct gaussian_nll_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 10;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        using value = typename B::value;
        const int n = (prediction.dims.size() + 1) / 2;
        if (prediction.dims.size() != 2 * n)
            return b.fail(
                {.kind = graph::mistake_kind::size, .wanted = extents(2 * n), .got = prediction.dims},
                {0, extents(1)});
        const value mean = b.slice(prediction, 0, n), log_variance = b.slice(prediction, n, n);
        const value target = b.target(extents(n));
        const value precision = b.unary(graph::function::exp, b.scale(log_variance, -1));
        const value distance = b.unary(graph::function::square, b.subtract(mean, target));
        return b.mean(b.scale(b.add(b.multiply(distance, precision), log_variance), 0.5f));
    }
};
inline constexpr gaussian_nll_loss gaussian_nll{};

/// The negative log-likelihood of counts whose rates are predicted as logarithms: the mean over the batch and
/// all elements of exp(prediction) - target prediction, as PyTorch's PoissonNLLLoss. Targets have the
/// predictions' shape. (log(target!), which no gradient depends on, is left out, as PyTorch does.)
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, poisson_nll, adam{});
struct poisson_nll_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 4;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        const auto rate = b.unary(graph::function::exp, prediction);
        return b.mean(b.subtract(rate, b.multiply(prediction, target)));
    }
};
inline constexpr poisson_nll_loss poisson_nll{};

/// How far predicted probabilities are from the targets', as PyTorch's KLDivLoss with "batchmean":
/// predictions are logarithms of probabilities (end the network with log_softmax), targets probabilities of
/// the same shape. The mean over the batch of the sums of target (log target - prediction); where a target is
/// 0, of 0.
///
///     constexpr auto student = input<4> >> dense<3> >> log_softmax;
///     const data::dataset<float, float> answers({1, 2, 3, 4}, {0.5f, 0.25f, 0.25f}, 4, 3);
///     model<student, cpu> model{seed{1}};
///     fit(model, answers, kl_divergence, adam{});
struct kl_divergence_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 5;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        // The smallest normal number: too small to change a logarithm, and 0 log(it) is 0.
        const auto log_target = b.unary(graph::function::log, b.offset(target, 0x1p-126f));
        return b.batch_mean(b.multiply(b.subtract(log_target, prediction), target));
    }
};
inline constexpr kl_divergence_loss kl_divergence{};

}  // namespace weft
