#pragma once

#include "operands.hpp"

namespace weft::cuda_backend {

/// All layers from I on.
template <int I, class Block, class Engine>
WEFT_DEVICE void run_layers(const Block& block, Engine& engine,
                            const mlp_samples<typename Engine::number>& now) {
    engine.template layer<I>(block, now);
    if constexpr (I + 1 < Engine::layers::depth) run_layers<I + 1>(block, engine, now);
}

/// Predictions of all samples, one block for each tile of them: between the layers, numbers stay in shared
/// memory (Müller et al., Real-time Neural Radiance Caching, 2021). `Engine` has
///     layers, number, rows, threads, shared
///     Engine(operands, shared)       in a block
///     start(block)                   before the block's first tile
///     begin(block)                   before each tile
///     layer<I>(block, samples)       its results to shared memory; the last one's may be written at once
///     write(block, samples)          predictions to global memory, where they are not
template <class Engine>
struct mlp_forward {
    using layers = typename Engine::layers;
    using number = typename Engine::number;
    using shared = typename Engine::shared;
    static constexpr int threads = Engine::threads;
    mlp_operands<number, layers::depth> of;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t first = block.index() * Engine::rows;
        const mlp_samples<number> now{
            first, of.batch - first < Engine::rows ? int(of.batch - first) : Engine::rows, nullptr, false};
        Engine engine(of, memory);
        engine.start(block);
        engine.begin(block);
        run_layers<0>(block, engine, now);
        engine.write(block, now);
    }
};

}  // namespace weft::cuda_backend
