#pragma once

#include <utility>

namespace weft {

/// A loss that sums over the batch and all elements where `Loss` takes means: what `summed` makes. Errors are
/// those of `Loss`.
///
///     const summed_loss<mean_squared_error_loss> loss = summed(mean_squared_error);
template <class Loss>
struct summed_loss : Loss {
    static constexpr bool sums = true;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        b.summing = true;
        const auto loss = Loss::lower(b, prediction);
        b.summing = false;
        return loss;
    }
};

/// The same loss with sums instead of means, over the batch and all elements (PyTorch's reduction "sum"), and
/// so are its gradients: they grow with the batch. `fit` and `evaluate` show what it is per sample, so that
/// their numbers do not depend on the size of a batch or a data set. There is no "none": what a trainer
/// follows is one number. Errors are those of the loss.
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, summed(mean_squared_error), adam{});
template <class Loss>
constexpr summed_loss<Loss> summed(Loss loss) {
    return {std::move(loss)};
}

}  // namespace weft
