#pragma once

#include "../execution/access.hpp"
#include "../execution/launch.hpp"

/// Sums over many numbers for each of some results: over runs of consecutive numbers, or down columns. `Work`
/// says what is summed:
///     inputs                    how many arrays are read, all of one shape
///     number                    what is computed with
///     held<N>, load(held, i)    the N numbers of each input from number i on, as held_packs
///     start(q)                  what a thread knows of result q before it has seen anything, a `tally`
///     take(tally, x)            one number of each input more
///     close(tally)              a tally as a `part`, a few doubles
///     merge(a, b)               two parts as one
///     fields                    doubles in a part
///     finish(q, part)           the whole
/// What is too much for the blocks that the results make is split; parts then wait in scratch for a second
/// kernel. All cuts depend on sizes alone, so that the bits are the same on every device.
namespace weft::cuda_backend {

/// Enough blocks for a large device.
inline constexpr std::int64_t many_blocks = 1024;

/// Gives each of N tallies its numbers.
template <int N, class Work>
WEFT_DEVICE void take_held(const Work& work, typename Work::tally* tallies,
                           const typename Work::template held<N>& from) {
    typename Work::number x[Work::inputs][N], one[Work::inputs];
    from.get(x);
    for (int k = 0; k < N; ++k) {
        for (int s = 0; s < Work::inputs; ++s) one[s] = x[s][k];
        work.take(tallies[k], one);
    }
}

/// Where parts go: to the work, or as numbers of scratch to the second kernel.
template <class Work, class T>
struct part_place {
    T* scratch;
    std::int64_t splits;

    WEFT_DEVICE void put(const Work& work, std::int64_t q, std::int64_t split,
                         const typename Work::part& p) const {
        if (splits == 1) return work.finish(q, p);
        for (int f = 0; f < Work::fields; ++f) scratch[(q * splits + split) * Work::fields + f] = T(p.at[f]);
    }
};

/// The second kernel: a warp merges the parts of one result.
template <class Work, class T>
struct merge_parts {
    static constexpr int threads = 256;
    using shared = no_shared;
    using part = typename Work::part;
    Work work;
    const T* scratch;
    std::int64_t results, splits;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared&) const {
        per_thread<Block, part> parts;
        for (const int t : block) {
            const std::int64_t q = (block.index() * threads + t) / warp;
            parts[t] = work.close(work.start(0));
            if (q < results)
                for (std::int64_t s = t % warp; s < splits; s += warp)
                    parts[t] = work.merge(parts[t], load(q * splits + s));
        }
        for (int offset = warp / 2; offset > 0; offset /= 2) {
            const per_thread<Block, part> other = exchanged<part>(block, parts, offset);
            for (const int t : block) parts[t] = work.merge(parts[t], other[t]);
        }
        for (const int t : block) {
            const std::int64_t q = (block.index() * threads + t) / warp;
            if (t % warp == 0 && q < results) work.finish(q, parts[t]);
        }
    }

private:
    WEFT_DEVICE part load(std::int64_t i) const {
        part p;
        for (int f = 0; f < Work::fields; ++f) p.at[f] = double(scratch[i * Work::fields + f]);
        return p;
    }
};
template <class Device, class Work, class T>
void merge_splits(const Device& device, const Work& work, std::int64_t results,
                  const part_place<Work, T>& from) {
    using kernel = merge_parts<Work, T>;
    if (from.splits > 1)
        device.launch(pieces(results * warp, kernel::threads),
                      kernel{work, from.scratch, results, from.splits});
}

}  // namespace weft::cuda_backend
