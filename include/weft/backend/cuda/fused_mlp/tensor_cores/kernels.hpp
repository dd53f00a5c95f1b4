#pragma once

#include "chained_forward.hpp"
#include "engine.hpp"

namespace weft::cuda_backend {

/// The kernels of fused_mlp and fused_mlp_training on tensor cores, and how they cut a batch.
template <class Narrow>
struct tensor_core_kernels {
    using number = float;
    /// Each block has sums for all parameters, to which each of its tiles adds: the sums of all blocks should
    /// stay in a device's cache.
    static constexpr int most_parameters = 96 * 1024;

    /// Weights that stay are for activations in registers.
    template <class Layers, int Rows, int Threads, int Slice>
    using forward =
        std::conditional_t<Slice == 0, chained_forward<Layers, Narrow, Rows * 2 / Threads, Threads>,
                           mlp_forward<tensor_core_mlp<Layers, Narrow, Rows, Threads, Slice, false>>>;
    template <class Layers, int Rows, int Threads, int Slice>
    using training_engine = tensor_core_mlp<Layers, Narrow, Rows, Threads, Slice, true>;

    template <class Layers, bool Training>
    static constexpr mlp_tiles tiles(std::size_t limit) {
        if constexpr (Layers::widest() > 256)
            return {};
        else if constexpr (Training)
            return {training_tile<Layers, 128>(limit), training_tile<Layers, 32>(limit)};
        else
            return forward_tiles<Layers>(limit);
    }
    /// Blocks take samples as long as there are any, where weights come once for each block.
    template <class Kernel>
    static constexpr std::int64_t forward_blocks() {
        if constexpr (requires { Kernel::warp_rows; })
            return at_a_time<Kernel>();
        else
            return std::int64_t(1) << 62;
    }
    /// As many as run at a time.
    template <class Engine>
    static constexpr std::int64_t training_blocks(std::size_t) {
        return at_a_time<Engine>();
    }

private:
    /// On the multiprocessors of the largest devices, which batches are shared out to whatever the device.
    template <class Kernel>
    static constexpr std::int64_t at_a_time() {
        constexpr int processors = 132, by_threads = 512 / Kernel::threads,
                      by_memory = int(shared_memory_sm90 / (sizeof(typename Kernel::shared) + 1024));
        return processors * larger(1, smaller(by_memory, by_threads));
    }
    template <class Layers>
    static constexpr mlp_tiles forward_tiles(std::size_t limit) {
        constexpr int widest = Layers::widest(), in = padded_in<typename Layers::template at<0>>;
        constexpr std::size_t weights = sizeof(Narrow) * weight_rooms<Layers, 256, 0, false>::size;
        const int threads = weights < limit / 4 ? 128 : 256;
        // Activations of wider layers would not stay in registers.
        if (widest <= 128 && in <= 128 && weights <= limit)
            return {{threads, threads, 0}, {threads / 2, threads, 0}};
        if (sizeof(typename forward<Layers, 128, 256, 32>::shared) > limit) return {};
        return {{128, 256, 32}, {32, 256, 32}};
    }
    /// The largest tile of at most so many rows whose kernel fits.
    template <class Layers, int Rows>
    static constexpr mlp_tile training_tile(std::size_t limit) {
        constexpr int threads = Layers::widest() <= 32 ? 128 : 256;
        const auto fits = [=]<int Slice>(std::integral_constant<int, Slice>, std::size_t most) {
            return tensor_core_rooms<Layers, Narrow, Rows, threads, Slice, true>::bytes <= int(most);
        };
        if (fits(std::integral_constant<int, 0>{}, limit / 2)) return {Rows, threads, 0};
        if (fits(std::integral_constant<int, 64>{}, limit)) return {Rows, threads, 64};
        if (fits(std::integral_constant<int, 32>{}, limit)) return {Rows, threads, 32};
        if (fits(std::integral_constant<int, 16>{}, limit)) return {Rows, threads, 16};
        if constexpr (Rows > 16)
            return training_tile<Layers, Rows / 2>(limit);
        else
            return {};
    }
};

}  // namespace weft::cuda_backend
