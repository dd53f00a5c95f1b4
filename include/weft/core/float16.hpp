#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "../config.hpp"

/// Numbers of 16 bits, for storage: arithmetic happens in float, to which they convert by themselves.
namespace weft {

namespace detail {

/// IEEE 754 half precision, exactly as float.
WEFT_DEVICE constexpr float half_to_float(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1Fu;
    const std::uint32_t fraction = bits & 0x3FFu;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) {
        const float magnitude = float(fraction) * 0x1p-24f;
        return sign != 0 ? -magnitude : magnitude;
    }
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}
/// The nearest half, of two equally near ones the even; beyond the largest, infinity.
WEFT_DEVICE constexpr std::uint16_t float_to_half(float number) {
    std::uint32_t x = std::bit_cast<std::uint32_t>(number);
    const std::uint32_t sign = x >> 16 & 0x8000u;
    x &= 0x7FFFFFFFu;
    if (x > 0x7F800000u) return std::uint16_t(sign | 0x7E00u);
    if (x >= 0x477FF000u) return std::uint16_t(sign | 0x7C00u);
    if (x < 0x38800000u)  // a multiple of 2^-24: 0.5 has that many bits
        return std::uint16_t(sign |
                             (std::bit_cast<std::uint32_t>(std::bit_cast<float>(x) + 0.5f) - 0x3F000000u));
    x -= 0x38000000u;
    return std::uint16_t(sign | (x + 0xFFFu + (x >> 13 & 1u)) >> 13);
}

/// The upper half of a float, as a float.
WEFT_DEVICE constexpr float bfloat16_to_float(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
}
/// The nearest bfloat16, of two equally near ones the even.
WEFT_DEVICE constexpr std::uint16_t float_to_bfloat16(float number) {
    const std::uint32_t x = std::bit_cast<std::uint32_t>(number);
    if ((x & 0x7FFFFFFFu) > 0x7F800000u) return std::uint16_t(x >> 16 | 0x40u);
    return std::uint16_t((x + 0x7FFFu + (x >> 16 & 1u)) >> 16);
}

}  // namespace detail

/// IEEE 754 half precision: 11 bits of precision, up to 65504. As the storage of a policy, losses are scaled
/// so that small gradients are not lost.
struct float16 {
    std::uint16_t bits;

    float16() = default;
    WEFT_DEVICE constexpr explicit float16(float number) : bits(0) {
#ifdef __CUDA_ARCH__
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(number));
#else
        bits = detail::float_to_half(number);
#endif
    }
    WEFT_DEVICE constexpr operator float() const {
#ifdef __CUDA_ARCH__
        float number;
        asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(bits));
        return number;
#else
        return detail::half_to_float(bits);
#endif
    }
    static constexpr const char* name = "float16";
    static constexpr float epsilon = 0x1p-10f;  ///< between 1 and the next number
};

/// The upper half of a float: 8 bits of precision, and float's range.
struct bfloat16 {
    std::uint16_t bits;

    bfloat16() = default;
    WEFT_DEVICE constexpr explicit bfloat16(float number) : bits(0) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
        asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(number));
#else
        bits = detail::float_to_bfloat16(number);
#endif
    }
    WEFT_DEVICE constexpr operator float() const { return detail::bfloat16_to_float(bits); }
    static constexpr const char* name = "bfloat16";
    static constexpr float epsilon = 0x1p-7f;
};

}  // namespace weft
