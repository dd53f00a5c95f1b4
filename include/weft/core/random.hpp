#pragma once

#include <array>
#include <cstdint>

namespace weft {

/// The one number from which everything random follows: initial weights, dropout, shuffling. No errors.
///
///     model<net, cpu> one{seed{1}}, same{seed{1}}, another{seed{2}};
struct seed {
    std::uint64_t value = 0;
};

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): four words that depend
/// on nothing but the arguments, so any element of any stream can be drawn by any thread.
constexpr std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t stream,
                                              std::uint64_t counter) {
    std::uint32_t k0 = std::uint32_t(key), k1 = std::uint32_t(key >> 32);
    std::uint32_t c0 = std::uint32_t(counter), c1 = std::uint32_t(counter >> 32);
    std::uint32_t c2 = std::uint32_t(stream), c3 = std::uint32_t(stream >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0, p1 = std::uint64_t{0xCD9E8D57u} * c2;
        c0 = std::uint32_t(p1 >> 32) ^ c1 ^ k0;
        c2 = std::uint32_t(p0 >> 32) ^ c3 ^ k1;
        c1 = std::uint32_t(p1);
        c3 = std::uint32_t(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {c0, c1, c2, c3};
}

/// A uniform number in [0, 1) with 24 random bits, exact in float.
constexpr float uniform01(std::uint32_t word) { return float(word >> 8) * 0x1p-24f; }

/// A sequence view of one Philox stream, for code that draws one number after another. No errors.
///
///     random_stream random(seed{1}, 0);
///     const float share = random.uniform();
///     const unsigned die = 1 + random.below(6);
class random_stream {
public:
    constexpr random_stream(seed s, std::uint64_t stream) : key_(s.value), stream_(stream) {}

    /// The next 32 random bits.
    constexpr std::uint32_t next() {
        if (used_ == 4) {
            block_ = philox(key_, stream_, counter_++);
            used_ = 0;
        }
        return block_[used_++];
    }
    /// Uniform in [0, 1).
    constexpr float uniform() { return uniform01(next()); }
    /// Uniform in [0, bound), without bias (Lemire's rejection); `bound` is at least 1 and below 2^32.
    constexpr std::uint32_t below(std::uint32_t bound) {
        std::uint64_t product = std::uint64_t{next()} * bound;
        if (std::uint32_t(product) < bound) {
            const std::uint32_t threshold = std::uint32_t(0u - bound) % bound;
            while (std::uint32_t(product) < threshold) product = std::uint64_t{next()} * bound;
        }
        return std::uint32_t(product >> 32);
    }

private:
    std::uint64_t key_, stream_, counter_ = 0;
    std::array<std::uint32_t, 4> block_{};
    std::size_t used_ = 4;
};

}  // namespace weft
