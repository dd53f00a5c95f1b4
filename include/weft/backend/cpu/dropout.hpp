#pragma once

#include "../../core/random.hpp"
#include "../../core/real.hpp"
#include "../arguments.hpp"

namespace weft::cpu_backend::detail {

/// Philox for Groups counters in a row, round by round side by side: core/random.hpp's words.
template <int Groups>
void philox_in_a_row(std::uint64_t key, std::uint64_t stream, std::uint64_t counter, std::uint32_t* words) {
    std::uint64_t c0[Groups], c1[Groups], c2[Groups], c3[Groups];  // 32 bits each: products need 64
    std::uint64_t k0 = std::uint32_t(key), k1 = key >> 32;
    for (int g = 0; g < Groups; ++g) {
        c0[g] = std::uint32_t(counter + std::uint64_t(g));
        c1[g] = (counter + std::uint64_t(g)) >> 32;
        c2[g] = std::uint32_t(stream);
        c3[g] = stream >> 32;
    }
    for (int round = 0; round < 10; ++round) {
        for (int g = 0; g < Groups; ++g) {
            const std::uint64_t p0 = 0xD2511F53u * c0[g], p1 = 0xCD9E8D57u * c2[g];
            c0[g] = (p1 >> 32) ^ c1[g] ^ k0;
            c2[g] = (p0 >> 32) ^ c3[g] ^ k1;
            c1[g] = p1 & 0xFFFFFFFFu;
            c3[g] = p0 & 0xFFFFFFFFu;
        }
        k0 = std::uint32_t(k0 + 0x9E3779B9u);
        k1 = std::uint32_t(k1 + 0xBB67AE85u);
    }
    for (int g = 0; g < Groups; ++g) {
        words[4 * g] = std::uint32_t(c0[g]);
        words[4 * g + 1] = std::uint32_t(c1[g]);
        words[4 * g + 2] = std::uint32_t(c2[g]);
        words[4 * g + 3] = std::uint32_t(c3[g]);
    }
}

/// The factors of dropout for the elements from `first` on: four come from one draw.
template <class T, int Count>
void dropout_factors(const arguments<T>& a, std::int32_t stream, float rate, std::ptrdiff_t first,
                     T (&factors)[Count]) {
    constexpr int groups = (Count + 3) / 4;
    const T kept = T(1) / (T(1) - T(rate));
    const std::uint64_t which = (std::uint64_t(std::uint32_t(stream) + 1) << 40) + a.step;
    const std::uint64_t group = std::uint64_t(first) / 4;
    std::uint32_t words[4 * groups + 4];
    philox_in_a_row<groups>(a.seed, which, group, words);
    const int skip = int(first % 4);
    if (skip + Count > 4 * groups) philox_in_a_row<1>(a.seed, which, group + groups, words + 4 * groups);
    for (int k = 0; k < Count; ++k) factors[k] = T(uniform01(words[skip + k]) >= rate) * kept;
}

}  // namespace weft::cpu_backend::detail
