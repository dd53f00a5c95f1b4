#pragma once

#include <bit>

#include "block.hpp"
#include "division.hpp"

namespace weft::cuda_backend {

/// N consecutive numbers as they lie in memory, moved as one pack where the address allows. Whether they are
/// one must not change what is computed from them: where values lie depends on the capacity, and results do
/// not. A device waits for what it loads where that is first used, so numbers that are still to be widened
/// are held like this while more are loaded.
template <class Stored, int N>
struct held_pack {
    Stored at[N];

    WEFT_DEVICE void load(const Stored* from) {
        if constexpr (N == pack<Stored>::size) {
            if (pack<Stored>::aligned(from)) {
                const auto p = pack<Stored>::load(from);
                for (int k = 0; k < N; ++k) at[k] = p.at[k];
                return;
            }
        }
        for (int k = 0; k < N; ++k) at[k] = from[k];
    }
    template <class T>
    WEFT_DEVICE void get(T (&x)[N]) const {
        for (int k = 0; k < N; ++k) x[k] = T(at[k]);
    }
};
/// Two narrow ones in each word.
template <class Stored, int N>
requires(sizeof(Stored) == 2 && N % 2 == 0) struct held_pack<Stored, N> {
    std::uint32_t words[N / 2];

    WEFT_DEVICE void load(const Stored* from) {
        using together = pack<std::uint32_t, N / 2>;
        if (together::aligned(from)) {
            const together p = together::load(reinterpret_cast<const std::uint32_t*>(from));
            for (int k = 0; k < N / 2; ++k) words[k] = p.at[k];
        } else {
            for (int k = 0; k < N / 2; ++k)
                words[k] = from[2 * k].bits | std::uint32_t(from[2 * k + 1].bits) << 16;
        }
    }
    template <class T>
    WEFT_DEVICE void get(T (&x)[N]) const {
        for (int k = 0; k < N; ++k)
            x[k] = T(std::bit_cast<Stored>(std::uint16_t(words[k / 2] >> 16 * (k % 2))));
    }
};
/// The same of each of some arrays.
template <int N, class... Stored>
struct held_packs;
template <int N, class First>
struct held_packs<N, First> {
    held_pack<First, N> first;

    template <class T>
    WEFT_DEVICE void get(T (&x)[1][N]) const {
        first.get(x[0]);
    }
};
template <int N, class First, class Second>
struct held_packs<N, First, Second> {
    held_pack<First, N> first;
    held_pack<Second, N> second;

    template <class T>
    WEFT_DEVICE void get(T (&x)[2][N]) const {
        first.get(x[0]);
        second.get(x[1]);
    }
};

template <class Stored, class T, int N>
WEFT_DEVICE void read(const Stored* from, T (&x)[N]) {
    held_pack<Stored, N> held;
    held.load(from);
    held.get(x);
}
template <class Stored, class T, int N>
WEFT_DEVICE void write(Stored* to, const T (&x)[N]) {
    if constexpr (N == pack<T>::size) {
        using together = pack<Stored, N>;
        if (together::aligned(to)) {
            together p;
            for (int k = 0; k < N; ++k) p.at[k] = Stored(x[k]);
            p.store(to);
            return;
        }
    }
    for (int k = 0; k < N; ++k) to[k] = Stored(x[k]);
}
template <class T, int N>
WEFT_DEVICE constexpr void fill(T (&x)[N], T value) {
    for (int k = 0; k < N; ++k) x[k] = value;
}

/// Division of any number that is not negative, fast for those below 2^31.
WEFT_DEVICE constexpr std::int64_t divided(std::int64_t n, const divider& by) {
    return n < (std::int64_t(1) << 31) ? std::int64_t(by(int(n))) : n / by.by();
}

/// The smallest power of two that is at least n, and at most `most`.
constexpr int lanes_for(std::int64_t n, int most) {
    int lanes = 1;
    while (lanes < n && lanes < most) lanes *= 2;
    return lanes;
}

/// Some numbers that belong together, e.g. two sums.
template <class T, int Count>
struct several {
    using number = T;
    static constexpr int count = Count;
    T at[Count];
};

/// As block.exchanged, for several numbers.
template <class Several, class Block>
WEFT_DEVICE per_thread<Block, Several> exchanged(const Block& block, const per_thread<Block, Several>& x,
                                                 int offset) {
    per_thread<Block, Several> result;
    for (int f = 0; f < Several::count; ++f) {
        per_thread<Block, typename Several::number> one;
        for (const int t : block) one[t] = x[t].at[f];
        one = block.exchanged(one, offset);
        for (const int t : block) result[t].at[f] = one[t];
    }
    return result;
}

}  // namespace weft::cuda_backend
