#pragma once

#include "engine.hpp"

namespace weft::cuda_backend {

/// The kernels of fused_mlp and fused_mlp_training by multiply-adds, and how they cut a batch.
template <class T>
struct multiply_add_kernels {
    using number = T;
    /// Each of at least 128 blocks has sums for all parameters: of more than these they would take too long
    /// to add.
    static constexpr int most_parameters = 1 << 19;

    template <class Layers, int Rows, int Threads, int>
    using forward = mlp_forward<multiply_add_mlp<Layers, T, Rows, Threads, false>>;
    template <class Layers, int Rows, int Threads, int>
    using training_engine = multiply_add_mlp<Layers, T, Rows, Threads, true>;

    template <class Layers, bool Training>
    static constexpr mlp_tiles tiles(std::size_t limit) {
        return {tile<Layers, Training>(limit, 128), tile<Layers, Training>(limit, 16)};
    }
    /// A block for each tile.
    template <class Kernel>
    static constexpr std::int64_t forward_blocks() {
        return std::int64_t(1) << 62;
    }
    /// As many as run at a time on about 128 processors, whatever the device; but more than one for each only
    /// where their sums take no more than 64 MiB.
    template <class Engine>
    static constexpr std::int64_t training_blocks(std::size_t limit) {
        const std::size_t bytes = std::size_t(Engine::rooms::numbers(Engine::rows)) * sizeof(T);
        const std::int64_t at_a_time = limit / bytes > 4 ? 512 : 128 * std::int64_t(limit / bytes),
                           room = 64 * 1024 * 1024 / std::int64_t(sizeof(T)) / Engine::sums_row::size,
                           most = room < 128 ? 128 : room;
        return at_a_time < most ? at_a_time : most;
    }

private:
    /// The largest tile, of at most so many rows, whose numbers fit in `limit` bytes of shared memory, with
    /// at most 64 sums for each thread.
    template <class Layers, bool Training>
    static constexpr mlp_tile tile(std::size_t limit, int most_rows) {
        constexpr int widest = Layers::widest(), threads = widest <= 64 ? 128 : 256;
        if (widest > 256) return {};
        for (int rows = most_rows; rows >= 16; rows /= 2)
            if (rows * widest <= 64 * threads &&
                std::size_t(multiply_add_rooms<Layers, T, 16, threads, Training>::numbers(rows)) *
                        sizeof(T) <=
                    limit)
                return {rows, threads, 0};
        return {};
    }
};

}  // namespace weft::cuda_backend
