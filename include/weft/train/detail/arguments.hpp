#pragma once

#include "../../model.hpp"
#include "../optimizer.hpp"

namespace weft {

/// The error of a loss that is none.
template <class Loss>
struct not_a_loss {
    static_assert(detail::never<Loss>,
                  "weft: a loss is an object such as softmax_cross_entropy, without quotes; one of your own "
                  "has static constexpr primitives, takes_labels and lower(b, prediction)");
};

/// The error of an optimizer that is none.
template <class O>
struct not_an_optimizer {
    static_assert(detail::never<O>,
                  "weft: an optimizer is an object such as adam{} or sgd{.learning_rate = 0.1f}, without "
                  "quotes");
};

namespace detail {

template <class Loss>
concept is_loss = requires {
    static_cast<int>(Loss::primitives);
    static_cast<bool>(Loss::takes_labels);
};

template <class Net, class Loss, bool Training>
inline constexpr bool can_lower = !source_of<Net, Loss, Training>.mistaken;

/// Can a trainer be made of these? (Of what stands for an error, none.)
template <class Model, class Loss, class O>
inline constexpr bool trainable = false;
template <sound_model Model, is_loss Loss, Optimizer O>
inline constexpr bool trainable<Model, Loss, O> = can_lower<typename Model::network, Loss, true>;

/// The error of what is not trainable, unless it has been told.
template <class Model, class Loss, class O>
void report_arguments() {
    if constexpr (!sound_model<Model>)
        return;
    else if constexpr (!is_loss<Loss>)
        static_cast<void>(sizeof(not_a_loss<Loss>));
    else if constexpr (!Optimizer<O>)
        static_cast<void>(sizeof(not_an_optimizer<O>));
    else if constexpr (!trainable<Model, Loss, O>)
        static_cast<void>(sizeof(mistake_of<typename Model::network, Loss, true>));
}

/// What a network gives, as the network that a loss alone is lowered behind.
template <class Model>
using outputs_of = network<typename Model::network::output_type, typename Model::network::output_type>;

/// Can a model be scored by this loss?
template <class Model, class Loss>
inline constexpr bool scorable = false;
template <sound_model Model, is_loss Loss>
inline constexpr bool scorable<Model, Loss> = can_lower<outputs_of<Model>, Loss, false>;

template <class Model, class Loss>
void report_loss() {
    if constexpr (!sound_model<Model>)
        return;
    else if constexpr (!is_loss<Loss>)
        static_cast<void>(sizeof(not_a_loss<Loss>));
    else if constexpr (!scorable<Model, Loss>)
        static_cast<void>(sizeof(mistake_of<outputs_of<Model>, Loss, false>));
}

}  // namespace detail
}  // namespace weft
