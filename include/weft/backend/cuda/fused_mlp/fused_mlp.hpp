#pragma once

#include "../execution/launch.hpp"
#include "forward.hpp"
#include "training.hpp"

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

/// The tiles of `Found`'s kernels; none if it is no mlp or does not fit.
template <class Found, template <class> class Needs, class T>
constexpr mlp_tiles tiles_of(std::size_t limit) {
    if constexpr (Found::value.depth > 0) {
        using layers = layers_of<Found>;
        return {choose_tile<Needs<layers>, T>(layers::widest(), limit, 128),
                choose_tile<Needs<layers>, T>(layers::widest(), limit, 16)};
    } else {
        return {};
    }
}

}  // namespace detail

/// Predictions of a program in one kernel, where `qualifies`; `Limit` is what the device's blocks may have of
/// shared memory, `Busy` the number of tiles from which on they may be large.
template <class Program, class T, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct fused_mlp {
    using found = detail::found_forward<Program>;
    static constexpr mlp_tiles tiles = detail::tiles_of<found, forward_needs, T>(Limit);
    static constexpr bool qualifies = bool(tiles);

    /// input [batch, in], parameters as the model has them, output [batch, out].
    template <class Device>
    static void run(const Device& device, const T* input, const T* parameters, T* output, int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        if (batch <= 0) return;
        if (tiles.takes_large(batch, Busy))
            launch<tiles.large.rows, tiles.large.threads>(device, input, parameters, output, batch);
        else
            launch<tiles.small.rows, tiles.small.threads>(device, input, parameters, output, batch);
    }

private:
    template <int Rows, int Threads, class Device>
    static void launch(const Device& device, const T* input, const T* parameters, T* output, int batch) {
        using kernel = mlp_forward<layers_of<found>, T, Rows, Threads>;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        device.launch(pieces(batch, Rows),
                      kernel{input, parameters, output, batch, detail::places_of<found>()});
    }
};

/// Loss and gradients of a program in two kernels, where `qualifies`.
template <class Program, class T, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct fused_mlp_training {
    using found = detail::found_training<Program>;
    static constexpr mlp_tiles tiles = detail::tiles_of<found, training_needs, T>(Limit);
    /// Each of at least 128 blocks has sums for all parameters: of more than these they would take too long
    /// to add. Gradients are wanted of all parameters that the layers have.
    static constexpr int most_parameters = 1 << 19;
    static constexpr bool qualifies = tiles && Program::training &&
                                      found::value.parameters() == Program::source.parameter_size &&
                                      found::value.parameters() <= most_parameters;

    /// The blocks that share a batch: as many as run at a time on about 128 processors, whatever the device.
    static constexpr int blocks(int batch) {
        return tiles.takes_large(batch, Busy) ? blocks(batch, tiles.large) : blocks(batch, tiles.small);
    }
    /// The numbers of scratch memory that batches up to this size need.
    static constexpr std::int64_t scratch(int batch) {
        const int large = blocks(batch, tiles.large), small = blocks(batch, tiles.small);
        return sums_row<>::size * (large > small ? large : small);
    }

    /// input [batch, in], target, parameters and gradients as the model has them, output [batch, out], loss
    /// [1].
    template <class Device>
    static void run(const Device& device, const T* input, const T* target, const T* parameters, T* output,
                    T* loss, T* gradients, T* scratch, int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        if (batch <= 0) return;
        if (tiles.takes_large(batch, Busy))
            launch<tiles.large.rows, tiles.large.threads>(device, input, target, parameters, output, scratch,
                                                          batch);
        else
            launch<tiles.small.rows, tiles.small.threads>(device, input, target, parameters, output, scratch,
                                                          batch);
        sum_gradients(device, scratch, blocks(batch),
                      gradient_sums<sums_row<>, T, layers_of<found>::depth>{
                          loss_of::template factor<T>(batch), gradients, loss, detail::places_of<found>()});
    }

private:
    using loss_of = loss_type<found::value.loss, found::value.loss_fn, found::value.loss_bits,
                              found::value.scale_bits, found::value.soft_targets>;

    template <class Found = found>
    using sums_row = parameter_row<layers_of<Found>>;
    /// More than one block for each processor only where their sums take no more than 64 MiB.
    static constexpr int blocks(int batch, mlp_tile tile) {
        using layers = layers_of<found>;
        const std::size_t bytes = std::size_t(training_needs<layers>::numbers(tile.rows)) * sizeof(T);
        const std::int64_t at_a_time = Limit / bytes > 4 ? 512 : 128 * std::int64_t(Limit / bytes),
                           room = 64 * 1024 * 1024 / std::int64_t(sizeof(T)) / sums_row<>::size,
                           most = room < 128 ? 128 : room, all = pieces(batch, tile.rows),
                           some = all < at_a_time ? all : at_a_time;
        return int(some < most ? some : most);
    }
    template <int Rows, int Threads, class Device>
    static void launch(const Device& device, const T* input, const T* target, const T* parameters, T* output,
                       T* scratch, int batch) {
        using kernel = mlp_training<layers_of<found>, loss_of, T, Rows, Threads>;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        const int count = blocks(batch);
        device.launch(count, kernel{input, target, parameters, output, scratch, batch, count,
                                    detail::places_of<found>()});
    }
};

}  // namespace weft::cuda_backend
