#pragma once
/// For numbers; targets have the predictions' shape. Errors, when training begins, for targets that do not
/// fit the network; while it runs, for a loss or a gradient that is no finite number.

#include "../../core/real.hpp"
#include "../../graph/builder.hpp"

namespace weft {

namespace detail {

/// The mean over the batch and all elements of a function of prediction - target.
template <graph::function F>
struct difference_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 3;

    template <class B>
    static constexpr auto lower_with(B& b, typename B::value prediction, float parameter) {
        const auto target = b.target(prediction.dims);
        return b.mean(b.unary(F, b.subtract(prediction, target), parameter));
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        return lower_with(b, prediction, 0);
    }
};

}  // namespace detail

/// The mean of (prediction - target)^2, as PyTorch's MSELoss.
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, mean_squared_error, adam{});
struct mean_squared_error_loss : detail::difference_loss<graph::function::square> {};
inline constexpr mean_squared_error_loss mean_squared_error{};

/// The mean of |prediction - target|, as PyTorch's L1Loss: outliers weigh less than by their squares.
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, mean_absolute_error, adam{});
struct mean_absolute_error_loss : detail::difference_loss<graph::function::abs> {};
inline constexpr mean_absolute_error_loss mean_absolute_error{};

/// Squared near zero, linear beyond Delta (Huber, 1964), as PyTorch's HuberLoss. Does not compile for a Delta
/// of 0 or below.
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, huber, adam{});
///     fit(model, houses, huber_with<0.5>, adam{});
template <real Delta>
struct huber_loss : detail::difference_loss<graph::function::huber> {
    static_assert(Delta.value() > 0, "weft: Huber's delta is above 0");
    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        return huber_loss::lower_with(b, prediction, Delta.value());
    }
};
template <real Delta = 1.>
inline constexpr huber_loss<Delta> huber_with{};
inline constexpr auto huber = huber_with<1.>;

/// (prediction - target)^2 / (2 Beta) near zero, |prediction - target| - Beta / 2 beyond Beta, as PyTorch's
/// SmoothL1Loss (Girshick, "Fast R-CNN", 2015): Huber's over Beta. Does not compile
/// for a Beta of 0 or below.
///
///     model<price, cpu> model{seed{1}};
///     fit(model, houses, smooth_l1, adam{});
///     fit(model, houses, smooth_l1_with<0.5>, adam{});
template <real Beta>
struct smooth_l1_loss {
    static_assert(Beta.value() > 0, "weft: smooth L1's beta is above 0; mean_absolute_error has none");
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 4;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        const auto each = b.unary(graph::function::huber, b.subtract(prediction, target), Beta.value());
        return b.mean(b.scale(each, 1 / Beta.value()));
    }
};
template <real Beta = 1.>
inline constexpr smooth_l1_loss<Beta> smooth_l1_with{};
inline constexpr auto smooth_l1 = smooth_l1_with<1.>;

}  // namespace weft
