#pragma once

#include <bit>
#include <cstdint>

namespace weft {

/// A real number that can be a template argument on every compiler: dropout<0.5>, leaky_relu<0.2>. Held as
/// the bits of a float, since clang before 18 takes no floating-point template arguments.
struct real {
    std::int32_t bits;

    constexpr real(float value) : bits(std::bit_cast<std::int32_t>(value)) {}
    constexpr real(double value) : real(float(value)) {}
    constexpr real(int value) : real(float(value)) {}
    constexpr float value() const { return std::bit_cast<float>(bits); }
};

constexpr float from_bits(std::int32_t bits) { return std::bit_cast<float>(bits); }
constexpr std::int32_t to_bits(double value) { return real{value}.bits; }

}  // namespace weft
