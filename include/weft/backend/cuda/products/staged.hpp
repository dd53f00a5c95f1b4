#pragma once

#include "tiled.hpp"

namespace weft::cuda_backend {

/// How the threads of a block share Lines x Depth numbers of a factor, a few in each of some turns. A factor
/// is seen as lines (rows of a, columns of b) of numbers along the depth, and has
///     static constexpr bool along_depth;  // which of the two is contiguous
///     static constexpr int width;         // numbers in that direction that are loaded at once
///     line line_of(int z, int i) const;   // what to remember of line i (and the next width - 1); i may be
///                                         // beyond the last, and then reads zeros
///     void load(const line&, int k, int last, T* to) const;  // zeros from depth `last` on
template <class Factor, int Lines, int Depth, int Threads>
struct shared_out {
    static constexpr bool along_depth = Factor::along_depth;
    static constexpr int width = Factor::width, across = (along_depth ? Depth : Lines) / width,
                         turns = Lines * Depth / width / Threads;
    static_assert(turns * width * Threads == Lines * Depth &&
                  across * width == (along_depth ? Depth : Lines));

    WEFT_DEVICE static constexpr int line_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return along_depth ? unit / across : unit % across * width;
    }
    WEFT_DEVICE static constexpr int depth_at(int t, int turn) {
        const int unit = t + turn * Threads;
        return along_depth ? unit % across * width : unit / across;
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
