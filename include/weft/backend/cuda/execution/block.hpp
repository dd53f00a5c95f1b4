#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../../config.hpp"
#include "fragments.hpp"

/// CUDA kernels are written once against a block of threads that is either a device's or its twin on the
/// host, so that a machine without a GPU runs the same source, shared memory and all.
///
/// A kernel is a trivially copyable functor with `static constexpr int threads` (of a block), a type `shared`
/// (of its shared memory, trivially default constructible) and
///     template <class Block> WEFT_DEVICE void operator()(Block& block, shared& memory) const;
/// Its body alternates between loops `for (const int t : block)`, which each thread runs for itself and where
/// t is its number, and block.sync(). What a thread carries from one such loop to the next lives in a
/// `per_thread<Block, T>`.
namespace weft::cuda_backend {

inline constexpr int warp = 32;

/// Shared memory of kernels that need none.
struct no_shared {};

/// The numbers first, …, last - 1.
struct thread_range {
    struct iterator {
        int t;
        WEFT_DEVICE constexpr int operator*() const { return t; }
        WEFT_DEVICE constexpr iterator& operator++() {
            ++t;
            return *this;
        }
        WEFT_DEVICE constexpr bool operator!=(iterator other) const { return t != other.t; }
    };
};

/// The twin of a device's block: one thread of the host takes the turns of all.
template <int Threads>
struct host_block {
    static constexpr int threads = Threads;
    std::int64_t number;  ///< of the block in the grid

    template <class T>
    struct local {
        T values[Threads];
        WEFT_DEVICE T& operator[](int t) { return values[t]; }
        WEFT_DEVICE const T& operator[](int t) const { return values[t]; }
    };
    WEFT_DEVICE std::int64_t index() const { return number; }
    WEFT_DEVICE thread_range::iterator begin() const { return {0}; }
    WEFT_DEVICE thread_range::iterator end() const { return {Threads}; }
    WEFT_DEVICE void sync() const {}

    /// For each thread, x of the one in its warp whose number differs by exclusive or with `offset`.
    template <class T>
    WEFT_DEVICE local<T> exchanged(const local<T>& x, int offset) const {
        local<T> result;
        for (int t = 0; t < Threads; ++t) result[t] = x[t ^ offset];
        return result;
    }
    /// Loads Count / 4 times four 8 x 8 matrices from shared memory into the registers of each warp. Each
    /// lane names a row, of 8 numbers, of the first four; the others' are `step` further each. Transposed, a
    /// register's two numbers are one below the other.
    template <bool Transposed, class Narrow, int Count>
    WEFT_DEVICE void load_matrices(const local<const Narrow*>& row, int offset, int step,
                                   local<registers<Count>>& to) const {
        static_assert(Count % 4 == 0);
        for (int first = 0; first < Threads; first += warp)
            for (int i = 0; i < Count / 4; ++i) {
                const Narrow* rows[warp];
                for (int lane = 0; lane < warp; ++lane) rows[lane] = row[first + lane] + offset + i * step;
                for (int lane = 0; lane < warp; ++lane)
                    for (int r = 0; r < 4; ++r)
                        to[first + lane].at[i * 4 + r] = loaded_pair<Transposed>(rows, lane, r);
            }
    }
    /// sums += a b for each warp, of M pieces a and N pieces b, as fragments.hpp lays them out; of a from
    /// piece `from` on.
    template <class Narrow, int A, int B, int M, int N>
    WEFT_DEVICE void multiply_add(const local<registers<A>>& a, const local<registers<B>>& b,
                                  local<warp_sums<M, N>>& sums, int from = 0) const {
        static_assert(A >= 4 * M && B == 2 * N);
        whole_factors factors;
        for (int first = 0; first < Threads; first += warp)
            for (int i = 0; i < M; ++i) {
                for (int lane = 0; lane < warp; ++lane)
                    factors.set_a<Narrow>(lane, a[first + lane].at + 4 * (from + i));
                for (int j = 0; j < N; ++j) {
                    for (int lane = 0; lane < warp; ++lane)
                        factors.set_b<Narrow>(lane, b[first + lane].at + 2 * j);
                    for (int lane = 0; lane < warp; ++lane)
                        factors.multiply_add(lane, sums[first + lane].at[i][j]);
                }
            }
    }
};

#ifdef __CUDACC__
/// A block of threads on a device. (Its functions are the host's too only because kernels' bodies are.)
template <int Threads>
struct device_block {
    static constexpr int threads = Threads;

    template <class T>
    struct local {
        T value;
        WEFT_DEVICE T& operator[](int) { return value; }
        WEFT_DEVICE const T& operator[](int) const { return value; }
    };
#ifdef __CUDA_ARCH__
    WEFT_DEVICE std::int64_t index() const { return blockIdx.x; }
    WEFT_DEVICE thread_range::iterator begin() const { return {int(threadIdx.x)}; }
    WEFT_DEVICE thread_range::iterator end() const { return {int(threadIdx.x) + 1}; }
    WEFT_DEVICE void sync() const { __syncthreads(); }
    template <class T>
    WEFT_DEVICE local<T> exchanged(const local<T>& x, int offset) const {
        return {__shfl_xor_sync(0xffffffffu, x.value, offset)};
    }
    template <bool Transposed, class Narrow, int Count>
    WEFT_DEVICE void load_matrices(const local<const Narrow*>& row, int offset, int step,
                                   local<registers<Count>>& to) const {
        const std::uint32_t address = std::uint32_t(__cvta_generic_to_shared(row.value));
        WEFT_UNROLL(16)
        for (int i = 0; i < Count / 4; ++i) {
            std::uint32_t* const r = to.value.at + 4 * i;
            const std::uint32_t from = address + std::uint32_t(offset + i * step) * 2;
            if constexpr (Transposed)
                asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                             : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                             : "r"(from));
            else
                asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                             : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                             : "r"(from));
        }
    }
    template <class Narrow, int A, int B, int M, int N>
    WEFT_DEVICE void multiply_add(const local<registers<A>>& a, const local<registers<B>>& b,
                                  local<warp_sums<M, N>>& sums, int from = 0) const {
        static_assert(A >= 4 * M && B == 2 * N);
        WEFT_UNROLL(32)
        for (int j = 0; j < N; ++j) WEFT_UNROLL(16)
        for (int i = 0; i < M; ++i) {
            const std::uint32_t *const x = a.value.at + 4 * (from + i), *const y = b.value.at + 2 * j;
            float* const s = sums.value.at[i][j];
            // (below sm_80 there is no such instruction: the assembler says so)
            if constexpr (std::is_same_v<Narrow, float16>)
                asm volatile(
                    "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
                    "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                    : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
                    : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
            else
                asm volatile(
                    "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
                    "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                    : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
                    : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
        }
    }
#else
    WEFT_DEVICE std::int64_t index() const { return 0; }
    WEFT_DEVICE thread_range::iterator begin() const { return {0}; }
    WEFT_DEVICE thread_range::iterator end() const { return {0}; }
    WEFT_DEVICE void sync() const {}
    template <class T>
    WEFT_DEVICE local<T> exchanged(const local<T>& x, int) const {
        return x;
    }
    template <bool Transposed, class Narrow, int Count>
    WEFT_DEVICE void load_matrices(const local<const Narrow*>&, int, int, local<registers<Count>>&) const {}
    template <class Narrow, int A, int B, int M, int N>
    WEFT_DEVICE void multiply_add(const local<registers<A>>&, const local<registers<B>>&,
                                  local<warp_sums<M, N>>&, int = 0) const {}
#endif
};
#endif

template <class Block, class T>
using per_thread = typename Block::template local<T>;

struct sum_of_two {
    template <class T>
    WEFT_DEVICE constexpr T operator()(T a, T b) const {
        return a + b;
    }
};
struct larger_of_two {  // NaN stays
    template <class T>
    WEFT_DEVICE constexpr T operator()(T a, T b) const {
        return a > b || a != a ? a : b;
    }
};

/// Combines x over each run of `Width` (a power of two, at most a warp) threads; all of them get the result.
/// The order is fixed, so that the bits are the same on every device and its twin.
template <int Width, class Block, class T, class Op>
WEFT_DEVICE void combine_in_warp(const Block& block, per_thread<Block, T>& x, const Op& op) {
    for (int offset = Width / 2; offset > 0; offset /= 2) {
        const per_thread<Block, T> other = block.exchanged(x, offset);
        for (const int t : block) x[t] = op(x[t], other[t]);
    }
}

/// Combines x over all threads of the block; all get the result. `memory` holds one T for each warp and may
/// be used again after the next sync.
template <class Block, class T, class Op>
WEFT_DEVICE void combine(const Block& block, per_thread<Block, T>& x, T* memory, const Op& op) {
    static_assert(Block::threads % warp == 0);
    combine_in_warp<warp, Block, T>(block, x, op);
    for (const int t : block)
        if (t % warp == 0) memory[t / warp] = x[t];
    block.sync();
    for (const int t : block) {
        T all = memory[0];
        for (int w = 1; w < Block::threads / warp; ++w) all = op(all, memory[w]);
        x[t] = all;
    }
}

/// Numbers that a thread moves at once: 16 bytes of them, or so many.
template <class T, int Size = 16 / int(sizeof(T))>
struct alignas(sizeof(T) * Size) pack {
    static constexpr int size = Size;
    T at[size];

    WEFT_DEVICE static pack load(const T* from) {
#ifdef __CUDA_ARCH__
        return *reinterpret_cast<const pack*>(from);
#else
        assert(aligned(from));  // else a device stops here
        pack p;
        std::memcpy(&p, from, sizeof p);
        return p;
#endif
    }
    WEFT_DEVICE void store(T* to) const {
#ifdef __CUDA_ARCH__
        *reinterpret_cast<pack*>(to) = *this;
#else
        assert(aligned(to));
        std::memcpy(to, this, sizeof *this);
#endif
    }
    /// May packs be moved from and to here?
    WEFT_DEVICE static bool aligned(const void* address) {
        return reinterpret_cast<std::uintptr_t>(address) % sizeof(pack) == 0;
    }
};

WEFT_DEVICE constexpr std::int64_t pieces(std::int64_t all, std::int64_t each) {
    return (all + each - 1) / each;
}

}  // namespace weft::cuda_backend
