#pragma once

#include "../execution/block.hpp"

namespace weft::cuda_backend {

/// Which rows each of the threads that share a column adds: every eighth, or those of a run. Each adds from
/// the first row to the last, and then their sums are added from the first thread's to the last's.
enum class row_order { in_turn, in_runs };

/// Sums down the columns of rows that blocks left in scratch, always in the same order. `To` says which
/// columns count and takes their sums:
///     bool wants(std::int64_t column)
///     void put(std::int64_t column, T sum)
template <row_order Order, class T, class To>
struct sum_of_rows {
    static constexpr int ways = 8, threads = ways * warp;
    struct shared {
        T sum[ways][warp];
    };
    const T* scratch;
    std::int64_t stride;  ///< from row to row
    int rows;
    To to;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t first_column = block.index() * warp;
        for (const int t : block) {
            const std::int64_t column = first_column + t % warp;
            memory.sum[t / warp][t % warp] = to.wants(column) ? part(column, t / warp) : T(0);
        }
        block.sync();
        for (const int t : block) {
            const std::int64_t column = first_column + t;
            if (t >= warp || !to.wants(column)) continue;
            T sum = memory.sum[0][t];
            for (int w = 1; w < ways; ++w) sum += memory.sum[w][t];
            to.put(column, sum);
        }
    }

private:
    WEFT_DEVICE T part(std::int64_t column, int way) const {
        constexpr bool in_turn = Order == row_order::in_turn;
        const int first = in_turn ? way : int(std::int64_t(rows) * way / ways),
                  last = in_turn ? rows : int(std::int64_t(rows) * (way + 1) / ways);
        T sum = T(0);
        WEFT_UNROLL(4)
        for (int row = first; row < last; row += in_turn ? ways : 1) sum += scratch[row * stride + column];
        return sum;
    }
};

template <row_order Order, class Device, class T, class To>
void sum_rows(const Device& device, const T* scratch, std::int64_t stride, int rows, std::int64_t columns,
              const To& to) {
    device.launch(pieces(columns, warp), sum_of_rows<Order, T, To>{scratch, stride, rows, to});
}

}  // namespace weft::cuda_backend
