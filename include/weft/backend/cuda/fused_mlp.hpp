#pragma once

#include "fused_mlp/forward.hpp"
#include "fused_mlp/training.hpp"
#include "launch.hpp"

/// Whole multi-layer perceptrons as one kernel, where a tile of samples fits in shared memory.
namespace weft::cuda_backend {

/// The shared memory that a block can have, in bytes.
inline constexpr std::size_t shared_memory_sm80 = 163 * 1024, shared_memory_sm90 = 227 * 1024;

namespace detail {

template <class Program>
struct found_forward {
    static constexpr graph::mlp value = graph::find_mlp(Program::graph);
};
template <class Program>
struct found_training {
    static constexpr graph::mlp value = graph::find_mlp(Program::source.g, Program::source.loss);
};

template <class Found>
constexpr auto places_of() {
    constexpr graph::mlp m = Found::value;
    parameter_places<m.depth> places{};
    for (int i = 0; i < m.depth; ++i) {
        places.weight[i] = m.layers[std::size_t(i)].weight_at;
        places.bias[i] = m.layers[std::size_t(i)].bias_at;
    }
    return places;
}

/// The tile of `Found`'s kernel; none if it is no mlp or does not fit.
template <class Found, template <class> class Needs, class T>
constexpr mlp_tile tile_of(std::size_t limit) {
    if constexpr (Found::value.depth > 0) {
        using layers = layers_of<Found>;
        return choose_tile<Needs<layers>, T>(layers::widest(), limit);
    } else {
        return {};
    }
}

}  // namespace detail

/// Predictions of a program in one kernel, where `qualifies`; `Limit` is what the device's blocks may have of
/// shared memory.
template <class Program, class T, std::size_t Limit = shared_memory_sm80>
struct fused_mlp {
    using found = detail::found_forward<Program>;
    static constexpr mlp_tile tile = detail::tile_of<found, forward_needs, T>(Limit);
    static constexpr bool qualifies = bool(tile);

    /// input [batch, in], parameters as the model has them, output [batch, out].
    template <class Device>
    static void run(const Device& device, const T* input, const T* parameters, T* output, int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        using kernel = mlp_forward<layers_of<found>, T, tile.rows, tile.threads>;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        if (batch > 0)
            device.launch(pieces(batch, tile.rows),
                          kernel{input, parameters, output, batch, detail::places_of<found>()});
    }
};

/// Loss and gradients of a program in two kernels, where `qualifies`.
template <class Program, class T, std::size_t Limit = shared_memory_sm80>
struct fused_mlp_training {
    using found = detail::found_training<Program>;
    static constexpr mlp_tile tile = detail::tile_of<found, training_needs, T>(Limit);
    /// Gradients are wanted of all parameters that the layers have.
    static constexpr bool qualifies =
        tile && Program::training && found::value.parameters() == Program::source.parameter_size;

    /// The blocks that share a batch: as many as run at a time on about 128 processors, whatever the device.
    static constexpr int blocks(int batch) {
        constexpr std::size_t bytes =
            std::size_t(training_needs<layers_of<found>>::numbers(tile.rows)) * sizeof(T);
        constexpr int each = Limit / bytes > 4 ? 4 : int(Limit / bytes);
        const std::int64_t tiles = pieces(batch, tile.rows);
        return tiles < 128 * each ? int(tiles) : 128 * each;
    }
    /// The numbers of scratch memory that batches up to this size need.
    static constexpr std::int64_t scratch(int batch) {
        return blocks(batch) * kernel<layers_of<found>>::row_size;
    }

    /// input [batch, in], target, parameters and gradients as the model has them, output [batch, out], loss
    /// [1].
    template <class Device>
    static void run(const Device& device, const T* input, const T* target, const T* parameters, T* output,
                    T* loss, T* gradients, T* scratch, int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        using training = kernel<layers_of<found>>;
        static_assert(sizeof(typename training::shared) <= Limit);
        if (batch <= 0) return;
        const int count = blocks(batch);
        device.launch(count, training{input, target, parameters, output, scratch, batch, count,
                                      detail::places_of<found>()});
        constexpr int parameters_of = layers_of<found>::parameters();
        device.launch(pieces(parameters_of + 1, mlp_sum<T>::columns),
                      mlp_sum<T>{scratch, training::row_size, count, parameters_of,
                                 loss_of::template factor<T>(batch), gradients, loss});
    }

private:
    using loss_of = loss_type<found::value.loss, found::value.loss_fn, found::value.loss_bits,
                              found::value.scale_bits, found::value.soft_targets>;
    template <class Layers>
    using kernel = mlp_training<Layers, loss_of, T, tile.rows, tile.threads>;
};

}  // namespace weft::cuda_backend
