#pragma once

#include "results.hpp"

namespace weft::cuda_backend {

/// A product with what follows, a tile for each block. `Engine` has both factors and makes a tile's sums:
///     rows, columns, threads, columns_first     of a tile; see tile_place
///     number, shared, state<Block>              of the sums; its shared memory; what its threads keep
///     sum(block, memory, at, sums_lines, state) all sums, and those of a's lines if they are wanted
///     line(memory, state, t)                    the sum of line t of the tile
/// Results pass through shared memory, so that neighbours write neighbouring packs and the steps are one
/// loop's body instead of one for each sum:
///     rounds, at_once                           times so many rows
///     put(block, memory, state, round)          brings them there, where
///     row_of(round, i), result(memory, i, j)    row i of them is one of the tile's
template <class Engine, class Results>
struct tiled_product {
    static constexpr int threads = Engine::threads;
    using shared = typename Engine::shared;
    Engine engine;
    Results to;
    product_sizes sizes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const tile_place at(sizes, Engine::rows, Engine::columns, block.index(), Engine::columns_first);
        const bool sums_lines = to.wants_lines(at);
        typename Engine::template state<Block> state;
        engine.sum(block, memory, at, sums_lines, state);
        if (sums_lines)
            for (const int t : block)
                if (t < Engine::rows && at.first_row + t < sizes.rows)
                    to.write_line(Engine::line(memory, state, t), at,
                                  std::int64_t(at.z) * sizes.rows + at.first_row + t);
        const int each = to.result.packs ? pack<typename Engine::number>::size : 1,
                  across = Engine::columns / each;
        for (int round = 0; round < Engine::rounds; ++round) {
            Engine::put(block, memory, state, round);
            block.sync();
            for (const int t : block)
                for (int u = t; u < Engine::at_once * across; u += threads) {
                    const int i = u / across, j = u % across * each,
                              row = at.first_row + Engine::row_of(round, i), column = at.first_column + j;
                    if (row < sizes.rows && column < sizes.columns)
                        to.write(Engine::result(memory, i, j), at, row, column);
                }
            block.sync();
        }
    }
};

/// The sums of a tile whose factors come to shared memory in pieces of the depth: while a block multiplies
/// one, the next one is on its way to registers and then to the other half of shared memory. `Engine` has
///     depth                                     of a piece
///     begin(block, memory, at, state)
///     load(memory, at, k, half, state, t)       what a thread brings of the piece from k on, for a half
///     look_ahead(memory, at, k, half, t)        what shall be known before that piece is loaded
///     store(memory, half, state, t)
///     multiply(block, memory, half, state)
///     add_line(memory, half, state, t)          to the sum of a's line t, of Engine::rows
template <class Engine, class Block>
WEFT_DEVICE void sum_in_pieces(const Engine& engine, const Block& block, typename Engine::shared& memory,
                               const tile_place& at, bool sums_lines,
                               typename Engine::template state<Block>& state) {
    constexpr int depth = Engine::depth;
    engine.begin(block, memory, at, state);
    for (const int t : block) {
        engine.load(memory, at, at.begin, 0, state, t);
        Engine::store(memory, 0, state, t);
    }
    block.sync();
    int half = 0;
    for (int k = at.begin; k < at.last; k += depth) {
        const bool goes_on = at.last - k > depth;
        if (goes_on)
            for (const int t : block) {
                engine.load(memory, at, k + depth, 1 - half, state, t);
                engine.look_ahead(memory, at, k + 2 * depth, half, t);
            }
        Engine::multiply(block, memory, half, state);
        if (sums_lines)
            for (const int t : block)
                if (t < Engine::rows) Engine::add_line(memory, half, state, t);
        if (goes_on)
            for (const int t : block) Engine::store(memory, 1 - half, state, t);
        block.sync();
        half = 1 - half;
    }
}

}  // namespace weft::cuda_backend
