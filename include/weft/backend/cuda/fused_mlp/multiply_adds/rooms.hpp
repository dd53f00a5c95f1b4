#pragma once

#include "../operands.hpp"
#include "products.hpp"

namespace weft::cuda_backend {

/// What the kernels keep in shared memory: for predictions, one layer's results, which take the place of
/// those before.
template <class Layers, class T, int Rows, int Threads, bool Training>
struct multiply_add_rooms {
    struct shared {
        alignas(16) T x[std::size_t(Layers::widest() * stride_of(Rows))];
        T stage[std::size_t(stage_size(Rows, Layers::widest()))];
    };
    template <int I>
    WEFT_DEVICE static T* result(shared& memory) {
        return memory.x;
    }
    template <int I>
    WEFT_DEVICE static T* argument(shared&) {
        return nullptr;
    }
    /// Numbers for tiles of so many rows.
    static constexpr int numbers(int rows) {
        return Layers::widest() * stride_of(rows) + stage_size(rows, Layers::widest());
    }
};

/// For training also what layers leave for the backward pass.
template <class Layers, class T, int Rows, int Threads>
struct multiply_add_rooms<Layers, T, Rows, Threads, true> {
    using saved = saved_layers<Layers, 0>;
    static constexpr int features = larger(saved::all, 1), stride = stride_of(Rows);
    struct shared {
        alignas(16) T layers[std::size_t(features * stride)];
        alignas(16) T dy[std::size_t(Layers::widest() * stride)];  ///< first the predictions
        alignas(16) T stage[std::size_t(stage_size(Rows, Layers::widest()))];
        T losses[Threads / warp];
    };
    template <int I>
    WEFT_DEVICE static T* result(shared& memory) {
        if constexpr (I + 1 < Layers::depth)
            return memory.layers + saved::template result<I> * stride;
        else
            return memory.dy;
    }
    template <int I>
    WEFT_DEVICE static T* argument(shared& memory) {
        if constexpr (saved::template keeps_argument<I>)
            return memory.layers + saved::template argument<I> * stride;
        else
            return nullptr;
    }
    static constexpr int numbers(int rows) {
        return (features + Layers::widest()) * stride_of(rows) + stage_size(rows, Layers::widest()) + warp;
    }
};

}  // namespace weft::cuda_backend
