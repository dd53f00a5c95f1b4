#pragma once

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

/// The mean of (prediction - target)^2, as PyTorch's MSELoss. Targets have the predictions' shape.
struct mean_squared_error_loss : detail::difference_loss<graph::function::square> {};
inline constexpr mean_squared_error_loss mean_squared_error{};

/// The mean of |prediction - target|, as PyTorch's L1Loss.
struct mean_absolute_error_loss : detail::difference_loss<graph::function::abs> {};
inline constexpr mean_absolute_error_loss mean_absolute_error{};

/// Squared near zero, linear beyond Delta (Huber, 1964), as PyTorch's HuberLoss.
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

}  // namespace weft
