#pragma once

#include "sums.hpp"

namespace weft::cuda_backend {

/// Result g * columns + c sums x[g][rows, columns] down column c.
struct column_sizes {
    std::int64_t groups, rows, columns;

    constexpr std::int64_t results() const { return groups * columns; }
    /// The same for all types, so that scratch and kernel agree without them.
    constexpr std::int64_t splits() const {
        const std::int64_t blocks = groups * pieces(columns, 128),
                           wanted = many_blocks / (blocks > 0 ? blocks : 1), possible = rows / 64,
                           splits = wanted < possible ? wanted : possible;
        return splits > 1 ? splits : 1;
    }
};

/// The most numbers of scratch, in fields, for as many groups and rows or fewer.
constexpr std::int64_t column_scratch(const column_sizes& s) {
    if (s.groups == 1) return s.splits() > 1 ? s.columns * s.splits() : 0;
    return many_blocks * (s.columns < 128 ? s.columns : 128);  // fewer groups are split into more
}

/// Each block sums down some columns of one split, `lanes` packs of them, with several threads for each.
template <class Work, int N, class T>
struct column_sums {
    static constexpr int threads = 256, ahead = 4;
    using part = typename Work::part;
    using loaded = typename Work::template held<N>;
    struct shared {
        part parts[N][threads];
    };
    Work work;
    column_sizes sizes;
    part_place<Work, T> to;
    std::int64_t tiles, each;  ///< of the columns; rows of a split
    int lanes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t tile = block.index() % tiles, rest = block.index() / tiles,
                           group = rest % sizes.groups, split = rest / sizes.groups;
        for (const int t : block) sum(memory, group, (tile * lanes + t % lanes) * N, split, t);
        for (int half = threads / 2; half >= lanes; half /= 2) {
            block.sync();
            for (const int t : block)
                if (t < half)
                    for (int k = 0; k < N; ++k)
                        memory.parts[k][t] = work.merge(memory.parts[k][t], memory.parts[k][t + half]);
        }
        for (const int t : block) {
            const std::int64_t column = (tile * lanes + t) * N;
            if (t < lanes && column < sizes.columns)
                for (int k = 0; k < N; ++k)
                    to.put(work, group * sizes.columns + column + k, split, memory.parts[k][t]);
        }
    }

private:
    WEFT_DEVICE void sum(shared& memory, std::int64_t group, std::int64_t column, std::int64_t split,
                         int t) const {
        const bool present = column < sizes.columns;
        const std::int64_t first = split * each, last = first + each < sizes.rows ? first + each : sizes.rows,
                           start = group * sizes.rows * sizes.columns + column;
        const int depth = threads / lanes;
        typename Work::tally tallies[N];
        for (int k = 0; k < N; ++k) tallies[k] = work.start(present ? group * sizes.columns + column + k : 0);
        std::int64_t r = first + t / lanes;
        if (present) {
            for (; r + (ahead - 1) * depth < last; r += ahead * depth) {
                loaded x[ahead];
                for (int i = 0; i < ahead; ++i) work.load(x[i], start + (r + i * depth) * sizes.columns);
                for (int i = 0; i < ahead; ++i) take_held<N>(work, tallies, x[i]);
            }
            for (; r < last; r += depth) {
                loaded x;
                work.load(x, start + r * sizes.columns);
                take_held<N>(work, tallies, x);
            }
        }
        for (int k = 0; k < N; ++k) memory.parts[k][t] = work.close(tallies[k]);
    }
};

template <int N, class Device, class Work, class T>
void sum_columns_in(const Device& device, const Work& work, const column_sizes& s, T* scratch) {
    using kernel = column_sums<Work, N, T>;
    const part_place<Work, T> to{scratch, s.splits()};
    const int lanes = lanes_for(pieces(s.columns, N), warp);
    const std::int64_t tiles = pieces(s.columns, lanes * N);
    device.launch(tiles * s.groups * to.splits, kernel{work, s, to, tiles, pieces(s.rows, to.splits), lanes});
    merge_splits(device, work, s.results(), to);
}
template <class Device, class Work, class T>
void sum_columns(const Device& device, const Work& work, const column_sizes& s, T* scratch) {
    constexpr int n = pack<typename Work::number>::size;
    if (s.columns % n == 0)
        sum_columns_in<n>(device, work, s, scratch);
    else
        sum_columns_in<1>(device, work, s, scratch);
}

}  // namespace weft::cuda_backend
