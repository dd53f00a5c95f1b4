#pragma once

#include "narrow_layout.hpp"

namespace weft::cuda_backend {

/// What mixed training keeps in shared memory for a tile: each layer's results but the last's, over which
/// their gradients are written, and the arguments of functions whose slopes need them. The network's input
/// comes twice, to where layers from the second on keep theirs: before they do, and when they are done.
template <class Layers, int Rows, int Threads, int Slice>
struct training_rooms {
    using weights = weight_rooms<Layers, Threads, Slice, true>;
    template <int I>
    using layer = typename Layers::template at<I>;
    template <int I>
    static constexpr bool keeps_argument = layer<I>::function::from_argument;

    template <int I>
    static constexpr int before() {
        if constexpr (I == 0)
            return 0;
        else
            return before<I - 1>() +
                   ((I < Layers::depth) + keeps_argument<I - 1>)*room_for(Rows, layer<I - 1>::padded);
    }
    template <int I>
    static constexpr int result = before<I>();
    template <int I>
    static constexpr int argument = before<I>() +
                                    (I + 1 < Layers::depth ? room_for(Rows, layer<I>::padded) : 0);
    static constexpr int input = before<1>();
    static constexpr int size =
        larger(before<Layers::depth>(), input + room_for(Rows, smaller(64, padded_in<layer<0>>)));
    static constexpr int chunk = chunk_of(padded_in<layer<0>>, Rows, Slice, size - input);

    /// Predictions are floats; their rows begin in different banks.
    static constexpr int last = Layers::depth - 1, last_stride = layer<last>::padded + bank_pad,
                         prediction_stride = layer<last>::padded + 1,
                         prediction_bytes = Rows * prediction_stride * int(sizeof(float));
    /// They take the stage's place if no weights stay there.
    static constexpr int weight_bytes = padded_to(weights::size * 2, 16),
                         prediction_at = weights::resident ? weight_bytes : 0,
                         stage_bytes = weights::resident ? weight_bytes + prediction_bytes
                                                         : larger(weight_bytes, prediction_bytes);
    static constexpr int bytes = (size + Rows * last_stride) * 2 + padded_to(stage_bytes, 16) +
                                 Threads / warp * int(sizeof(float)) + 16;
};

}  // namespace weft::cuda_backend
