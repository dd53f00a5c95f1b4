#pragma once

#include "forward.hpp"
#include "loss.hpp"

namespace weft::cuda_backend {

/// Forward, loss, backward and weight gradients of tiles of samples, all within shared memory. A block sums
/// the gradients of its tiles, and after them its loss, in a row of scratch; sum_gradients adds the rows.
/// With `Scaled`, gradients are those of the loss times *loss_scale. `Engine` has what mlp_forward's has, and
///     sums_row                                 how a row of scratch lies
///     loss<Loss>(block, samples, by, losses)   writes the predictions, and makes of them gradients and each
///                                              thread's part of the loss
///     begin_gradients<I>(block, samples)       before those of a layer: its biases', if they come apart
///     gradients<I>(block, samples)             a layer's weights', and then those of the layer before
///     input_parts, bring_input(block, part, samples), input_gradients(block, part, samples)
///                                              the first layer's weights', its input coming once more
template <class Engine, class Loss, bool Scaled>
struct mlp_training {
    using layers = typename Engine::layers;
    using number = typename Engine::number;
    using shared = typename Engine::shared;
    using sums_row = typename Engine::sums_row;
    static constexpr int threads = Engine::threads;
    mlp_operands<number, layers::depth> of;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t tiles = pieces(of.batch, Engine::rows);
        Engine engine(of, memory);
        engine.start(block);
        for (std::int64_t tile = block.index(); tile < tiles; tile += of.blocks) {
            const std::int64_t first = tile * Engine::rows;
            const mlp_samples<number> now{
                first, of.batch - first < Engine::rows ? int(of.batch - first) : Engine::rows,
                of.scratch + block.index() * sums_row::size, tile == block.index()};
            engine.begin(block);
            run_layers<0>(block, engine, now);
            loss(block, engine, memory, now);
            backward<layers::depth - 1>(block, engine, now);
        }
    }

private:
    template <class Block>
    WEFT_DEVICE void loss(const Block& block, Engine& engine, shared& memory,
                          const mlp_samples<number>& now) const {
        number by = Loss::template factor<number>(of.batch);
        if constexpr (Scaled) by *= *of.loss_scale;
        per_thread<Block, number> losses;
        engine.template loss<Loss>(block, now, by, losses);
        combine<Block, number>(block, losses, memory.losses, sum_of_two{});
        for (const int t : block)
            if (t == 0) accumulate(now.sums[sums_row::loss_at], losses[t], now.fresh);
    }
    template <int I, class Block>
    WEFT_DEVICE void backward(const Block& block, Engine& engine, const mlp_samples<number>& now) const {
        engine.template begin_gradients<I>(block, now);
        if constexpr (I > 0) {
            engine.template gradients<I>(block, now);
            backward<I - 1>(block, engine, now);
        } else {
            for (int part = 0; part < Engine::input_parts; ++part) {
                engine.bring_input(block, part, now);
                block.sync();
                engine.input_gradients(block, part, now);
                block.sync();
            }
        }
    }
};

}  // namespace weft::cuda_backend
