#pragma once

#include "../operands.hpp"
#include "weights.hpp"

namespace weft::cuda_backend {

/// The features of the network's input that come at a time: all, or as many slices as fit in `room` numbers,
/// at most 128.
constexpr int chunk_of(int padded, int rows, int slice_depth, int room) {
    int most = smaller(128, room / rows - bank_pad);
    if (padded <= most) return padded;
    const int unit = larger(slice, slice_depth);
    return most / unit * unit;
}

/// What the kernels keep in shared memory. For predictions, each layer's results take the place of those
/// before, and there comes the network's input.
template <class Layers, class Narrow, int Rows, int Threads, int Slice, bool Training>
struct tensor_core_rooms {
    using weights = weight_rooms<Layers, Threads, Slice, false>;
    static constexpr int chunk = chunk_of(padded_in<typename Layers::template at<0>>, Rows, Slice,
                                          room_for(Rows, larger(64, Layers::widest())));
    /// Do layer I's results take the place of what its product reads?
    template <int I>
    static constexpr bool overwrites = I + 1 < Layers::depth;

    struct shared {
        alignas(16) Narrow x[std::size_t(room_for(Rows, larger(chunk, Layers::widest())))];
        alignas(16) Narrow stage[std::size_t(weights::size)];
    };
    WEFT_DEVICE static Narrow* stage(shared& memory) { return memory.stage; }
    WEFT_DEVICE static Narrow* input(shared& memory) { return memory.x; }
    template <int I>
    WEFT_DEVICE static Narrow* result(shared& memory) {
        return memory.x;
    }
    template <int I>
    WEFT_DEVICE static Narrow* argument(shared&) {
        return nullptr;
    }
};

/// For training also what layers leave for the backward pass, where gradients are written over results. The
/// network's input comes twice, to where layers from the second on keep theirs: before they do, and when they
/// are done.
template <class Layers, class Narrow, int Rows, int Threads, int Slice>
struct tensor_core_rooms<Layers, Narrow, Rows, Threads, Slice, true> {
    using weights = weight_rooms<Layers, Threads, Slice, true>;
    using saved = saved_layers<Layers, bank_pad>;
    template <int I>
    using layer = typename Layers::template at<I>;
    static constexpr int last = Layers::depth - 1, input_at = Rows * saved::template before<1>(),
                         size = larger(Rows * saved::all,
                                       input_at + room_for(Rows, smaller(64, padded_in<layer<0>>))),
                         chunk = chunk_of(padded_in<layer<0>>, Rows, Slice, size - input_at);

    /// Predictions are floats; their rows begin in different banks. They take the stage's place if no weights
    /// stay there.
    static constexpr int last_stride = layer<last>::padded + bank_pad,
                         prediction_stride = layer<last>::padded + 1,
                         prediction_bytes = Rows * prediction_stride * int(sizeof(float)),
                         weight_bytes = padded_to(weights::size * 2, 16),
                         prediction_at = weights::resident ? weight_bytes : 0,
                         stage_bytes = weights::resident ? weight_bytes + prediction_bytes
                                                         : larger(weight_bytes, prediction_bytes);
    static constexpr int bytes = (size + Rows * last_stride) * 2 + padded_to(stage_bytes, 16) +
                                 Threads / warp * int(sizeof(float)) + 16;
    /// The last slice of weights may be where predictions go.
    template <int I>
    static constexpr bool overwrites = I == last;

    struct shared {
        alignas(16) Narrow layers[std::size_t(size)];
        alignas(16) Narrow last[std::size_t(Rows * last_stride)];  ///< the last layer's gradient
        alignas(16) unsigned char stage[std::size_t(stage_bytes)];
        float losses[Threads / warp];
    };
    WEFT_DEVICE static Narrow* stage(shared& memory) { return reinterpret_cast<Narrow*>(memory.stage); }
    WEFT_DEVICE static float* predictions(shared& memory) {
        return reinterpret_cast<float*>(memory.stage + prediction_at);
    }
    WEFT_DEVICE static Narrow* input(shared& memory) { return memory.layers + input_at; }
    /// A layer's results and then their gradient; of the last layer only that.
    template <int I>
    WEFT_DEVICE static Narrow* result(shared& memory) {
        return I == last ? memory.last : memory.layers + Rows * saved::template result<I>;
    }
    template <int I>
    WEFT_DEVICE static Narrow* argument(shared& memory) {
        return saved::template keeps_argument<I> ? memory.layers + Rows * saved::template argument<I>
                                                 : nullptr;
    }
};

}  // namespace weft::cuda_backend
