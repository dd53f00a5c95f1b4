#pragma once

#include "sources.hpp"

namespace weft::cuda_backend {

namespace detail {

template <class Layers, template <class> class F, int... I>
constexpr int sum_of_layers(std::integer_sequence<int, I...>) {
    return (F<typename Layers::template at<I>>::value + ... + 0);
}
template <class Layer>
struct whole_weights {
    static constexpr int value = room_for(Layer::padded, padded_in<Layer>);
};

}  // namespace detail

/// Where the weights are in shared memory; for `Training` also as factors of gradients.
template <class Layers, int Threads, int Slice, bool Training>
struct weight_rooms {
    static constexpr bool resident = Slice == 0;
    template <int I>
    using layer = typename Layers::template at<I>;

    /// The largest slice of any product from layer I on.
    template <int I = 0>
    static constexpr int slice_size() {
        if constexpr (I == Layers::depth) {
            return 0;
        } else {
            constexpr int in = padded_in<layer<I>>, out = layer<I>::padded,
                          forward = room_for(out, smaller(Slice, in)),
                          data = Training && I > 0 ? room_for(smaller(Slice, out), in) : 0;
            return larger(larger(forward, data), slice_size<I + 1>());
        }
    }
    /// Where layer I begins, if they are resident.
    template <int I>
    static constexpr int before() {
        return detail::sum_of_layers<Layers, detail::whole_weights>(std::make_integer_sequence<int, I>{});
    }
    static constexpr int size = resident ? before<Layers::depth>() : 2 * slice_size();
    /// Layer I's as a product's factor. `Depth` limits a slice of resident ones.
    template <int I, bool Data, int Depth, class Narrow>
    WEFT_DEVICE static auto factor(const float* w, const Narrow* room) {
        if constexpr (resident)
            return resident_weights<layer<I>, Data, Depth, Narrow>(room + before<I>());
        else
            return streamed_weights<layer<I>, Data, Slice, Threads>(w);
    }
    /// Brings all of them, if they are resident. (The next product begins with a sync.)
    template <int I = 0, class Block, class Narrow>
    WEFT_DEVICE static void fill(const Block& block, const float* parameters,
                                 const parameter_places<Layers::depth>& places, Narrow* room) {
        if constexpr (resident && I < Layers::depth) {
            using l = layer<I>;
            const narrowing<l::padded, padded_in<l>, l::in, Threads> from(parameters + places.weight[I],
                                                                          l::out);
            for (const int t : block) from.copy(t, 0, 0, room + before<I>());
            fill<I + 1>(block, parameters, places, room);
        }
    }
};

}  // namespace weft::cuda_backend
