#pragma once

#include "sums.hpp"

namespace weft::cuda_backend {

/// Result q sums `times` runs of `length` numbers, `stride` apart, of which the first is at q / channels *
/// sample + q % channels * length.
struct run_sizes {
    std::int64_t results, channels, sample, times, stride, length;

    constexpr std::int64_t splits() const {
        const std::int64_t wanted = many_blocks / (results > 0 ? results : 1),
                           possible = times * length / 8192, splits = wanted < possible ? wanted : possible;
        return splits > 1 ? splits : 1;
    }
};
/// Each result, or each split of one, for a block or for a few neighbouring threads of a warp.
template <class Work, int N, bool Block, class T>
struct run_sums {
    static constexpr int threads = 256, warps = threads / warp, ahead = 4;
    using part = typename Work::part;
    using loaded = typename Work::template held<N>;
    struct shared {
        part parts[Block ? warps : 1];
    };
    Work work;
    run_sizes sizes;
    part_place<Work, T> to;
    divider by_packs;          ///< of a run
    std::int64_t packs, each;  ///< in all, and of a split
    int width;                 ///< threads for each

    template <class B>
    WEFT_DEVICE void operator()(B& block, shared& memory) const {
        per_thread<B, part> parts;
        for (const int t : block) parts[t] = sum(index(block, t), t % width);
        for (int offset = (Block ? warp : width) / 2; offset > 0; offset /= 2) {
            const per_thread<B, part> other = exchanged<part>(block, parts, offset);
            for (const int t : block) parts[t] = work.merge(parts[t], other[t]);
        }
        if constexpr (Block) {
            for (const int t : block)
                if (t % warp == 0) memory.parts[t / warp] = parts[t];
            block.sync();
            for (const int t : block)
                if (t == 0)
                    for (int w = 1; w < warps; ++w) parts[t] = work.merge(parts[t], memory.parts[w]);
        }
        for (const int t : block) {
            const std::int64_t i = index(block, t);
            if (t % width == 0 && i < sizes.results * to.splits)
                to.put(work, i / to.splits, i % to.splits, parts[t]);
        }
    }

private:
    template <class B>
    WEFT_DEVICE std::int64_t index(const B& block, int t) const {
        return Block ? block.index() : block.index() * (threads / width) + t / width;
    }
    /// One thread's share.
    WEFT_DEVICE part sum(std::int64_t index, int lane) const {
        const std::int64_t q = index / to.splits, first = index % to.splits * each,
                           last = first + each < packs ? first + each : packs;
        if (q >= sizes.results) return work.close(work.start(0));
        const std::int64_t start = q / sizes.channels * sizes.sample + q % sizes.channels * sizes.length;
        typename Work::tally tallies[N];
        for (int k = 0; k < N; ++k) tallies[k] = work.start(q);
        std::int64_t p = first + lane;
        for (; p + (ahead - 1) * width < last && full(p + (ahead - 1) * width); p += ahead * width) {
            loaded x[ahead];
            for (int i = 0; i < ahead; ++i) load(start, p + i * width, x[i]);
            for (int i = 0; i < ahead; ++i) take_held<N>(work, tallies, x[i]);
        }
        for (; p < last; p += width) {
            if (!full(p)) {
                for (std::int64_t i = p * N; i < sizes.length; ++i) {
                    typename Work::template held<1> one;
                    work.load(one, start + i);
                    take_held<1>(work, tallies, one);
                }
                continue;
            }
            loaded x;
            load(start, p, x);
            take_held<N>(work, tallies, x);
        }
        part all = work.close(tallies[0]);
        for (int k = 1; k < N; ++k) all = work.merge(all, work.close(tallies[k]));
        return all;
    }
    /// Is pack p whole? One run alone may end within a pack.
    WEFT_DEVICE bool full(std::int64_t p) const {
        return N == 1 || sizes.times > 1 || (p + 1) * N <= sizes.length;
    }
    WEFT_DEVICE void load(std::int64_t start, std::int64_t p, loaded& x) const {
        const std::int64_t run = sizes.times == 1 ? 0 : divided(p, by_packs),
                           within = sizes.times == 1 ? p : p - run * by_packs.by();
        work.load(x, start + run * sizes.stride + within * N);
    }
};

template <int N, class Device, class Work, class T>
void sum_runs_in(const Device& device, const Work& work, const run_sizes& s, T* scratch) {
    using few = run_sums<Work, N, false, T>;
    using whole = run_sums<Work, N, true, T>;
    const part_place<Work, T> to{scratch, s.splits()};
    const std::int64_t run = pieces(s.length, N), packs = s.times * run, each = pieces(packs, to.splits);
    const divider by_run(s.times > 1 ? run : 1);
    const int width = lanes_for(each, warp);
    if (each <= 8 * warp)
        device.launch(pieces(s.results * to.splits * width, few::threads),
                      few{work, s, to, by_run, packs, each, width});
    else
        device.launch(s.results * to.splits, whole{work, s, to, by_run, packs, each, whole::threads});
    merge_splits(device, work, s.results, to);
}
template <class Device, class Work, class T>
void sum_runs(const Device& device, const Work& work, const run_sizes& s, T* scratch) {
    constexpr int n = pack<typename Work::number>::size;
    if (s.length % n == 0 || (s.results == 1 && s.times == 1))
        sum_runs_in<n>(device, work, s, scratch);
    else
        sum_runs_in<1>(device, work, s, scratch);
}

}  // namespace weft::cuda_backend
