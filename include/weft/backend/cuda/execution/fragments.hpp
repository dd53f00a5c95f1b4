#pragma once

#include <cstdint>
#include <type_traits>

#include "../../../core/float16.hpp"

/// Products of 16-bit matrices by warps. A warp holds pieces of matrices in its threads' registers, each with
/// two numbers, the first in the lower half. Which thread has which follows PTX's mma.m16n8k16: with g =
/// lane / 4 and q = lane % 4,
///     a [16, 16]: register 0 has (g, 2q) and (g, 2q + 1), 1 the same of row g + 8, 2 and 3 of columns + 8;
///     b [16, 8]:  register 0 has (2q, g) and (2q + 1, g), 1 the same of rows + 8;
///     sums [16, 8]: 0 and 1 are (g, 2q) and (g, 2q + 1), 2 and 3 the same of row g + 8.
/// The functions here are what the device's instructions do, for machines without a GPU.
namespace weft::cuda_backend {

/// Pairs of numbers that a thread holds.
template <int Count>
struct registers {
    std::uint32_t at[Count];
};
/// A thread's sums of M x N pieces.
template <int M, int N>
struct warp_sums {
    float at[M][N][4];

    WEFT_DEVICE void clear() { *this = warp_sums{}; }
};

/// The row and column, within a piece, of sum r of a thread.
WEFT_DEVICE constexpr int sum_row(int t, int r) { return t % 32 / 4 + r / 2 * 8; }
WEFT_DEVICE constexpr int sum_column(int t, int r) { return t % 4 * 2 + r % 2; }

/// Two numbers in a register.
template <class Narrow>
WEFT_DEVICE std::uint32_t packed(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    std::uint32_t both;
    if constexpr (std::is_same_v<Narrow, float16>)
        asm("cvt.rn.f16x2.f32 %0, %2, %1;" : "=r"(both) : "f"(first), "f"(second));
    else
        asm("cvt.rn.bf16x2.f32 %0, %2, %1;" : "=r"(both) : "f"(first), "f"(second));
    return both;
#else
    return Narrow(first).bits | std::uint32_t(Narrow(second).bits) << 16;
#endif
}
/// One of them.
template <class Narrow>
WEFT_DEVICE float unpacked(std::uint32_t both, int which) {
    Narrow number;
    number.bits = std::uint16_t(which ? both >> 16 : both);
    return number;
}

/// Where a lane's row of four 8 x 8 matrices begins, of a matrix [rows, columns] in shared memory whose rows
/// are `stride` apart: in the order down, then right; or right, then down.
WEFT_DEVICE constexpr int downwards(int lane, int stride) { return lane % 16 * stride + lane / 16 * 8; }
WEFT_DEVICE constexpr int rightwards(int lane, int stride) {
    return (lane % 8 + lane / 16 * 8) * stride + lane / 8 % 2 * 8;
}

/// What ldmatrix gives a lane of matrix number `which` of four: rows[l] is the address that lane l names.
/// Addresses must be aligned to 16 bytes; else NaNs come.
template <bool Transposed, class Narrow>
WEFT_DEVICE std::uint32_t loaded_pair(const Narrow* const (&rows)[32], int lane, int which) {
    std::uint32_t pair = 0;
    for (int i = 0; i < 2; ++i) {
        const int row = Transposed ? lane % 4 * 2 + i : lane / 4,
                  column = Transposed ? lane / 4 : lane % 4 * 2 + i;
        const Narrow* const from = rows[which * 8 + row];
        if (reinterpret_cast<std::uintptr_t>(from) % 16) return 0xffffffffu;
        pair |= std::uint32_t(from[column].bits) << 16 * i;
    }
    return pair;
}

/// The factors of one mma, from the registers of all lanes.
struct whole_factors {
    float a[16][16], b[16][8];

    template <class Narrow>
    WEFT_DEVICE void set_a(int lane, const std::uint32_t* pairs) {
        for (int r = 0; r < 4; ++r)
            for (int i = 0; i < 2; ++i)
                a[lane / 4 + r % 2 * 8][lane % 4 * 2 + i + r / 2 * 8] = unpacked<Narrow>(pairs[r], i);
    }
    template <class Narrow>
    WEFT_DEVICE void set_b(int lane, const std::uint32_t* pairs) {
        for (int r = 0; r < 2; ++r)
            for (int i = 0; i < 2; ++i) b[lane % 4 * 2 + i + r * 8][lane / 4] = unpacked<Narrow>(pairs[r], i);
    }
    /// A lane's sums += its part of a b.
    WEFT_DEVICE void multiply_add(int lane, float (&sums)[4]) const {
        for (int r = 0; r < 4; ++r)
            for (int k = 0; k < 16; ++k) sums[r] += a[sum_row(lane, r)][k] * b[k][sum_column(lane, r)];
    }
};

}  // namespace weft::cuda_backend
