#pragma once

#include "rows.hpp"

namespace weft::cuda_backend {

/// A work of one round (see rows.hpp) on rows whose elements are `inner` apart: neighbouring threads take
/// neighbouring rows, and some threads share each row. Here `row` is the number of the first of `inner` rows,
/// and k an element's place from there.
template <class Work, int N>
struct strided_row_kernel {
    static_assert(Work::rounds == 1);
    static constexpr int threads = 256;
    using number = typename Work::number;
    using part = typename Work::part;
    struct shared {
        part parts[N][threads];
    };
    Work work;
    std::int64_t tiles;  ///< of all rows
    int size, inner, lanes;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t group = block.index() / tiles;
        const int first = int(block.index() % tiles) * lanes * N;
        for (const int t : block) {
            part parts[N];
            for (int i = 0; i < N; ++i) parts[i] = work.template start<0>();
            const int column = first + t % lanes * N;
            if (column < inner)
                for (int k = t / lanes; k < size; k += threads / lanes)
                    take(parts, group, k * inner + column);
            for (int i = 0; i < N; ++i) memory.parts[i][t] = parts[i];
        }
        for (int half = threads / 2; half >= lanes; half /= 2) {
            block.sync();
            for (const int t : block)
                if (t < half)
                    for (int i = 0; i < N; ++i)
                        memory.parts[i][t] =
                            work.template merge<0>(memory.parts[i][t], memory.parts[i][t + half]);
        }
        block.sync();
        for (const int t : block) {
            typename Work::state states[N] = {};
            const int column = first + t % lanes * N;
            if (column >= inner) continue;
            for (int i = 0; i < N; ++i)
                work.template close<0>(states[i], memory.parts[i][t % lanes], group, t < lanes);
            for (int k = t / lanes; k < size; k += threads / lanes) finish(states, group, k * inner + column);
        }
    }

private:
    WEFT_DEVICE void load(std::int64_t group, int at, number (&x)[Work::inputs][N]) const {
        typename Work::template held<N> from;
        work.load(from, group, at);
        from.get(x);
    }
    WEFT_DEVICE void take(part (&parts)[N], std::int64_t group, int at) const {
        number x[Work::inputs][N], one[Work::inputs][1];
        load(group, at, x);
        for (int i = 0; i < N; ++i) {
            for (int p = 0; p < Work::inputs; ++p) one[p][0] = x[p][i];
            work.template take<0>(parts[i], typename Work::state{}, one, group, at + i);
        }
    }
    WEFT_DEVICE void finish(const typename Work::state (&states)[N], std::int64_t group, int at) const {
        number x[Work::inputs][N], y[N], one[Work::inputs][1], result[1];
        load(group, at, x);
        for (int i = 0; i < N; ++i) {
            for (int p = 0; p < Work::inputs; ++p) one[p][0] = x[p][i];
            work.result(states[i], one, group, at + i, result);
            y[i] = result[0];
        }
        work.put(y, group, at);
    }
};

template <int N, class Device, class Work>
void run_strided_rows_in(const Device& device, const Work& work, std::int64_t groups, int size, int inner) {
    using kernel = strided_row_kernel<Work, N>;
    // Long rows are shared by at least eight threads.
    const int lanes = lanes_for(pieces(inner, N), kernel::threads / lanes_for(size, 8));
    const std::int64_t tiles = pieces(inner, lanes * N);
    device.launch(groups * tiles, kernel{work, tiles, size, inner, lanes});
}
template <class Device, class Work>
void run_strided_rows(const Device& device, const Work& work, std::int64_t groups, int size, int inner) {
    constexpr int n = pack<typename Work::number>::size;
    if (inner % n == 0)
        run_strided_rows_in<n>(device, work, groups, size, inner);
    else
        run_strided_rows_in<1>(device, work, groups, size, inner);
}

}  // namespace weft::cuda_backend
