#pragma once

#include "results.hpp"

namespace weft::cuda_backend {

/// A product with what follows, a tile for each block. `Engine` has both factors and makes a tile's sums:
///     rows, columns, threads, columns_first     of a tile; see tile_place
///     number, sums, shared                      of the results; a thread's sums; what is in shared memory
///     sum(block, memory, at, sums_lines, all, line_sums)
///                                               all sums, and those of a's lines if they are wanted
///     line(memory, line_sum, t)                 the sum of line t of the tile
/// Results pass through shared memory, so that neighbours write neighbouring packs and the steps are one
/// loop's body instead of one for each sum:
///     rounds, at_once                           times so many rows
///     put(block, memory, all, round)            brings them there, where
///     row_of(round, i), result(memory, i, j)    row i of them is one of the tile's
template <class Engine, class Results>
struct tiled_product {
    static constexpr int threads = Engine::threads;
    using number = typename Engine::number;
    using shared = typename Engine::shared;
    Engine engine;
    Results to;
    product_sizes sizes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const tile_place at(sizes, Engine::rows, Engine::columns, block.index(), Engine::columns_first);
        const bool sums_lines = to.wants_lines(at);
        // Apart, or a compiler that finds no registers for one puts all in memory.
        per_thread<Block, typename Engine::sums> all;
        per_thread<Block, number> line_sums;
        engine.sum(block, memory, at, sums_lines, all, line_sums);
        if (sums_lines)
            for (const int t : block)
                if (t < Engine::rows && at.first_row + t < sizes.rows)
                    to.write_line(Engine::line(memory, line_sums[t], t), at,
                                  std::int64_t(at.z) * sizes.rows + at.first_row + t);
        const int each = to.result.packs ? pack<number>::size : 1, across = Engine::columns / each;
        for (int round = 0; round < Engine::rounds; ++round) {
            Engine::put(block, memory, all, round);
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
///     depth, staged                             of a piece; what a thread brings of one
///     begin(block, memory, at, next)
///     load(memory, at, k, half, next, t)        the piece from k on, for a half
///     store(memory, half, next, t)
///     alone                                     do threads multiply alone? Then there is
///     multiply(memory, half, sums, t)           and else
///     multiply(block, memory, half, all)        and
///     look_ahead(memory, at, k, half, t)        what shall be known before that piece is loaded
///     add_line(memory, half, line_sum, t)       of a's line t, of Engine::rows
template <class Engine, class Block>
WEFT_DEVICE void sum_in_pieces(const Engine& engine, const Block& block, typename Engine::shared& memory,
                               const tile_place& at, bool sums_lines,
                               per_thread<Block, typename Engine::sums>& all,
                               per_thread<Block, typename Engine::number>& line_sums) {
    constexpr int depth = Engine::depth;
    per_thread<Block, typename Engine::staged> next;
    engine.begin(block, memory, at, next);
    for (const int t : block) {
        all[t].clear();
        line_sums[t] = 0;
        engine.load(memory, at, at.begin, 0, next[t], t);
        Engine::store(memory, 0, next[t], t);
    }
    block.sync();
    int half = 0;
    for (int k = at.begin; k < at.last; k += depth) {
        const bool goes_on = at.last - k > depth;
        if constexpr (Engine::alone) {
            // One loop: of several, a compiler makes one that takes more registers.
            for (const int t : block) {
                if (goes_on) engine.load(memory, at, k + depth, 1 - half, next[t], t);
                Engine::multiply(memory, half, all[t], t);
                if (sums_lines && t < Engine::rows) Engine::add_line(memory, half, line_sums[t], t);
                if (goes_on) Engine::store(memory, 1 - half, next[t], t);
            }
        } else {
            if (goes_on)
                for (const int t : block) {
                    engine.load(memory, at, k + depth, 1 - half, next[t], t);
                    engine.look_ahead(memory, at, k + 2 * depth, half, t);
                }
            Engine::multiply(block, memory, half, all);
            if (sums_lines)
                for (const int t : block)
                    if (t < Engine::rows) Engine::add_line(memory, half, line_sums[t], t);
            if (goes_on)
                for (const int t : block) Engine::store(memory, 1 - half, next[t], t);
        }
        block.sync();
        half = 1 - half;
    }
}

}  // namespace weft::cuda_backend
