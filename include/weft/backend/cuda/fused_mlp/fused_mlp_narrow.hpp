#pragma once

#include "chained_forward.hpp"
#include "fused_mlp.hpp"
#include "narrow_training.hpp"

/// Whole multi-layer perceptrons as one kernel in mixed precision, with tensor cores: weights and activations
/// are 16 bits in shared memory and registers, sums are floats. Inputs, targets, parameters, predictions,
/// losses and the parameters' gradients in memory are floats.
namespace weft::cuda_backend {

namespace detail {

constexpr int narrow_threads(int widest) { return widest <= 32 ? 128 : 256; }
/// Multiprocessors of the largest devices, which batches are shared out to whatever the device.
inline constexpr int processors = 132;

/// Blocks of a kernel with so much shared memory that one of them has at a time.
constexpr int at_a_time(std::size_t bytes, int threads) {
    const int by_memory = int(shared_memory_sm90 / (bytes + 1024)), by_threads = 512 / threads;
    return by_memory < 1 ? 1 : by_memory < by_threads ? by_memory : by_threads;
}

/// The largest tile of at most so many rows whose kernel fits.
template <class Layers, class Narrow, int Rows>
constexpr narrow_tile training_tile(std::size_t limit) {
    constexpr int threads = narrow_threads(Layers::widest());
    if (Layers::widest() > 256) return {};
    const auto fits = [=]<int Slice>(std::integral_constant<int, Slice>, std::size_t most) {
        return training_rooms<Layers, Rows, threads, Slice>::bytes <= int(most);
    };
    if (fits(std::integral_constant<int, 0>{}, limit / 2)) return {Rows, threads, 0};
    if (fits(std::integral_constant<int, 64>{}, limit)) return {Rows, threads, 64};
    if (fits(std::integral_constant<int, 32>{}, limit)) return {Rows, threads, 32};
    if (fits(std::integral_constant<int, 16>{}, limit)) return {Rows, threads, 16};
    if constexpr (Rows > 16)
        return training_tile<Layers, Narrow, Rows / 2>(limit);
    else
        return {};
}

/// The kernels that may predict with a chain of layers.
template <class Narrow, std::size_t Limit, bool IsMlp, class Found>
struct narrow_kernels {
    static constexpr bool fit = false;
};
template <class Narrow, std::size_t Limit, class Found>
struct narrow_kernels<Narrow, Limit, true, Found> {
    using layers = layers_of<Found>;
    static constexpr int widest = layers::widest(), in = padded_in<typename layers::template at<0>>;
    static constexpr std::size_t weights = sizeof(Narrow) * weight_rooms<layers, 256, 0, false>::size;
    /// Activations of wider layers would not stay in registers.
    static constexpr bool chained = widest <= 128 && in <= 128 && weights <= Limit;
    static constexpr int chain_threads = weights < Limit / 4 ? 128 : 256;
    template <int M>
    using chain = chained_forward<layers, Narrow, M, chain_threads>;
    template <int Rows>
    using tiled = narrow_forward<layers, Narrow, Rows, 256, 32>;
    static constexpr bool tiles_fit() {
        if constexpr (widest <= 256)
            return sizeof(typename tiled<128>::shared) <= Limit;
        else
            return false;
    }
    static constexpr bool fit = chained || tiles_fit();
};

/// The tiles that may train it.
template <class Narrow, std::size_t Limit, bool IsMlp, class Found>
struct narrow_tiles {
    static constexpr narrow_tile large{}, small{};
};
template <class Narrow, std::size_t Limit, class Found>
struct narrow_tiles<Narrow, Limit, true, Found> {
    static constexpr narrow_tile large = training_tile<layers_of<Found>, Narrow, 128>(Limit),
                                 small = training_tile<layers_of<Found>, Narrow, 32>(Limit);
};

}  // namespace detail

/// Predictions of a program in one kernel, where `qualifies`; `Limit` is what the device's blocks may have of
/// shared memory, `Busy` the number of tiles from which on they may be large.
template <class Program, class Narrow, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct narrow_mlp {
    using found = detail::found_forward<Program>;

    static constexpr bool qualifies =
        detail::narrow_kernels<Narrow, Limit, (found::value.depth > 0), found>::fit;

    /// input [batch, in], parameters as the model has them, output [batch, out].
    template <class Device>
    static void run(const Device& device, const float* input, const float* parameters, float* output,
                    int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        using mine = detail::narrow_kernels<Narrow, Limit, (found::value.depth > 0), found>;
        if (batch <= 0) return;
        if constexpr (mine::chained) {
            if (pieces(batch, mine::template chain<2>::rows) >= Busy)
                launch_chain<typename mine::template chain<2>>(device, input, parameters, output, batch);
            else
                launch_chain<typename mine::template chain<1>>(device, input, parameters, output, batch);
        } else {
            if (pieces(batch, 128) >= Busy)
                launch_tiles<typename mine::template tiled<128>, 128>(device, input, parameters, output,
                                                                      batch);
            else
                launch_tiles<typename mine::template tiled<32>, 32>(device, input, parameters, output, batch);
        }
    }

private:
    /// Blocks take samples as long as there are any: weights come once for each block.
    template <class Kernel, class Device>
    static void launch_chain(const Device& device, const float* input, const float* parameters, float* output,
                             int batch) {
        static_assert(sizeof(typename Kernel::shared) <= Limit);
        constexpr int most =
            detail::processors * detail::at_a_time(sizeof(typename Kernel::shared), Kernel::threads);
        const std::int64_t tiles = pieces(batch, Kernel::rows);
        const int blocks = tiles < most ? int(tiles) : most;
        device.launch(blocks, Kernel{input, parameters, output, batch, blocks, detail::places_of<found>()});
    }
    template <class Kernel, int Rows, class Device>
    static void launch_tiles(const Device& device, const float* input, const float* parameters, float* output,
                             int batch) {
        static_assert(sizeof(typename Kernel::shared) <= Limit);
        device.launch(pieces(batch, Rows),
                      Kernel{input, parameters, output, batch, detail::places_of<found>()});
    }
};

/// Loss and gradients of a program in two kernels, where `qualifies`.
template <class Program, class Narrow, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct narrow_mlp_training {
    using found = detail::found_training<Program>;

    using chosen = detail::narrow_tiles<Narrow, Limit, (found::value.depth > 0), found>;
    static constexpr narrow_tile large = chosen::large, small = chosen::small;
    /// Each block has sums for all parameters, to which each of its tiles adds: the sums of all blocks should
    /// stay in a device's cache.
    static constexpr int most_parameters = 96 * 1024;
    static constexpr bool qualifies = large && Program::training &&
                                      found::value.parameters() == Program::source.parameter_size &&
                                      found::value.parameters() <= most_parameters;

    /// The numbers of scratch memory that batches up to this size need.
    static constexpr std::int64_t scratch(int batch) {
        const std::int64_t a = scratch_of<large.rows, large.threads, large.slice>(batch),
                           b = scratch_of<small.rows, small.threads, small.slice>(batch);
        return a > b ? a : b;
    }

    /// input [batch, in], target, parameters and gradients as the model has them, output [batch, out], loss
    /// [1]. If the program is scaled, gradients are those of the loss times *loss_scale.
    template <class Device>
    static void run(const Device& device, const float* input, const float* target, const float* parameters,
                    const float* loss_scale, float* output, float* loss, float* gradients, float* scratch,
                    int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        if (batch <= 0) return;
        if (pieces(batch, large.rows) >= Busy)
            start<large.rows, large.threads, large.slice>(device, input, target, parameters, loss_scale,
                                                          output, loss, gradients, scratch, batch);
        else
            start<small.rows, small.threads, small.slice>(device, input, target, parameters, loss_scale,
                                                          output, loss, gradients, scratch, batch);
    }

    using loss_of = loss_type<found::value.loss, found::value.loss_fn, found::value.loss_bits,
                              found::value.scale_bits, found::value.soft_targets>;
    template <int Rows, int Threads, int Slice>
    using kernel_of =
        narrow_training<layers_of<found>, loss_of, Narrow, Program::scaled, Rows, Threads, Slice>;

    /// The blocks that share a batch cut into tiles of `Rows`: as many as run at a time.
    template <int Rows, int Threads, int Slice>
    static constexpr int blocks(int batch) {
        using kernel = kernel_of<Rows, Threads, Slice>;
        const std::int64_t tiles = pieces(batch, Rows),
                           most = detail::processors *
                                  detail::at_a_time(sizeof(typename kernel::shared), Threads);
        return int(tiles < most ? tiles : most);
    }

private:
    template <int Rows, int Threads, int Slice>
    static constexpr std::int64_t scratch_of(int batch) {
        return std::int64_t(blocks<Rows, Threads, Slice>(batch)) *
               kernel_of<Rows, Threads, Slice>::sums_row::size;
    }
    template <int Rows, int Threads, int Slice, class Device>
    static void start(const Device& device, const float* input, const float* target, const float* parameters,
                      const float* loss_scale, float* output, float* loss, float* gradients, float* scratch,
                      int batch) {
        using kernel = kernel_of<Rows, Threads, Slice>;
        using row = typename kernel::sums_row;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        const int count = blocks<Rows, Threads, Slice>(batch);
        constexpr auto places = detail::places_of<found>();
        device.launch(count,
                      kernel{input, target, parameters, loss_scale, output, scratch, batch, count, places});
        sum_gradients(device, scratch, count,
                      gradient_sums<row, float, layers_of<found>::depth>{
                          loss_of::template factor<float>(batch), gradients, loss, places});
    }
};

}  // namespace weft::cuda_backend
