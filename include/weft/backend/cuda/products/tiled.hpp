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

}  // namespace weft::cuda_backend
