#pragma once

#include <utility>

#include "../elementwise.hpp"

/// Operations on rows: numbers of a row are summed up in some rounds, and then give the row's results. `Work`
/// says how:
///     inputs                       arrays that are read
///     rounds                       0, 1 or 2
///     writes                       is there a result for each element?
///     state                        what is known of a row, e.g. its mean
///     part                         what a thread knows of it in a round
///     held<N>, load(held, row, k)  the N inputs from element k on, as held_packs
///     start<Round>()               the part of no elements
///     take<Round>(part, state, x, row, k)   N elements more
///     merge<Round>(a, b)           two parts as one
///     close<Round>(state, part, row, first) all of them; one thread of a row is the first
///     result(state, x, row, k, y)  the results of N elements, and
///     put(y, row, k)               their way to memory
namespace weft::cuda_backend {

/// A row for each block, or for a few neighbouring threads of a warp. Rows are kept in registers as far as
/// they fit.
template <class Work, int N, bool Block>
struct row_kernel {
    static constexpr int threads = 256, warps = threads / warp;
    static constexpr int items = 32 / (N * Work::inputs) < 8 ? 32 / (N * Work::inputs) : 8;
    using number = typename Work::number;
    using state = typename Work::state;
    using part = typename Work::part;
    struct shared {
        part parts[Block ? warps : 1];
    };
    /// The longest row whose threads keep all of it.
    static constexpr int kept(int width) { return width * items * N; }

    Work work;
    std::int64_t rows;
    int size, width;  ///< of a row; threads for each

    template <class B>
    WEFT_DEVICE void operator()(B& block, shared& memory) const {
        per_thread<B, registers> held;
        per_thread<B, state> states;
        for (const int t : block) {
            states[t] = state{};
            if (row(block, t) >= rows) continue;
            for (int j = 0; j < items; ++j)
                if (at(t, j) < size) work.load(held[t].x[j], row(block, t), at(t, j));
        }
        if constexpr (Work::rounds > 0) round<0>(block, memory, held, states);
        if constexpr (Work::rounds > 1) round<1>(block, memory, held, states);
        if constexpr (Work::writes) {
            for (const int t : block) {
                if (row(block, t) >= rows) continue;
                finish_held(states[t], held[t], row(block, t), t, std::make_integer_sequence<int, items>());
                if constexpr (Block) {
                    for (int k = at(t, items); k < size; k += threads * N) {
                        loaded x;
                        work.load(x, row(block, t), k);
                        finish(states[t], x, row(block, t), k);
                    }
                }
            }
        }
    }

private:
    using loaded = typename Work::template held<N>;
    struct registers {
        loaded x[items];
    };
    template <class B>
    WEFT_DEVICE std::int64_t row(const B& block, int t) const {
        if constexpr (Block)
            return block.index();
        else
            return block.index() * (threads / width) + t / width;
    }
    WEFT_DEVICE int lane(int t) const { return Block ? t : t & (width - 1); }
    WEFT_DEVICE int at(int t, int j) const { return (j * (Block ? threads : width) + lane(t)) * N; }

    WEFT_DEVICE void finish(const state& s, const loaded& from, std::int64_t row, int k) const {
        number x[Work::inputs][N], y[N];
        from.get(x);
        work.result(s, x, row, k, y);
        work.put(y, row, k);
    }
    /// No loop: what a loop indexes is in registers only if the compiler unrolls it.
    template <int... J>
    WEFT_DEVICE void finish_held(const state& s, const registers& held, std::int64_t row, int t,
                                 std::integer_sequence<int, J...>) const {
        ((at(t, J) < size ? finish(s, held.x[J], row, at(t, J)) : void()), ...);
    }
    template <int Round>
    WEFT_DEVICE void take(part& p, const state& s, const loaded& from, std::int64_t row, int k) const {
        number x[Work::inputs][N];
        from.get(x);
        work.template take<Round>(p, s, x, row, k);
    }
    template <int Round, class B>
    WEFT_DEVICE void round(B& block, shared& memory, const per_thread<B, registers>& held,
                           per_thread<B, state>& states) const {
        per_thread<B, part> parts;
        for (const int t : block) {
            parts[t] = work.template start<Round>();
            if (row(block, t) >= rows) continue;
            for (int j = 0; j < items; ++j)
                if (at(t, j) < size) take<Round>(parts[t], states[t], held[t].x[j], row(block, t), at(t, j));
            if constexpr (Block) {
                for (int k = at(t, items); k < size; k += threads * N) {
                    loaded x;
                    work.load(x, row(block, t), k);
                    take<Round>(parts[t], states[t], x, row(block, t), k);
                }
            }
        }
        for (int offset = (Block ? warp : width) / 2; offset > 0; offset /= 2) {
            const per_thread<B, part> other = exchanged<part>(block, parts, offset);
            for (const int t : block) parts[t] = work.template merge<Round>(parts[t], other[t]);
        }
        if constexpr (Block) {
            if constexpr (Round > 0) block.sync();  // the parts of the round before are read
            for (const int t : block)
                if (t % warp == 0) memory.parts[t / warp] = parts[t];
            block.sync();
            for (const int t : block) {
                parts[t] = memory.parts[0];
                for (int w = 1; w < warps; ++w)
                    parts[t] = work.template merge<Round>(parts[t], memory.parts[w]);
            }
        }
        for (const int t : block)
            if (row(block, t) < rows)
                work.template close<Round>(states[t], parts[t], row(block, t), lane(t) == 0);
    }
};

template <int N, class Device, class Work>
void run_rows_in(const Device& device, const Work& work, std::int64_t rows, int size) {
    using few = row_kernel<Work, N, false>;
    using whole = row_kernel<Work, N, true>;
    const int width = lanes_for(pieces(size, N), warp);
    if (size <= few::kept(width))
        device.launch(pieces(rows, few::threads / width), few{work, rows, size, width});
    else
        device.launch(rows, whole{work, rows, size, whole::threads});
}
/// A work on all rows. How a row is cut depends on nothing but its size.
template <class Device, class Work>
void run_rows(const Device& device, const Work& work, std::int64_t rows, int size) {
    constexpr int n = pack<typename Work::number>::size;
    if (size % n == 0)
        run_rows_in<n>(device, work, rows, size);
    else
        run_rows_in<1>(device, work, rows, size);
}

}  // namespace weft::cuda_backend
