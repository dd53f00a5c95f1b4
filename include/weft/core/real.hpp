#pragma once

#include <bit>
#include <cstdint>

namespace weft {

#ifdef __CUDACC__
// nvcc hands `real` on to the host's compiler as `real{bits}`: only a type of their own tells bits from a
// number.
enum class real_bits : std::int32_t {};
#else
using real_bits = std::int32_t;
#endif

/// A real number that can be a template argument on every compiler: `dropout<0.5>`, `leaky_relu_with<0.2>`.
/// Held as the bits of a float, since clang before 18 takes no floating-point template arguments. No errors.
///
///     constexpr real half = 0.5;
///     constexpr auto net = input<4> >> dense<16> >> dropout<half> >> dense<3>;
struct real {
    real_bits bits;

    constexpr real(float value) : bits(std::bit_cast<real_bits>(value)) {}
#ifdef __CUDACC__
    constexpr real(real_bits b) : bits(b) {}
#endif
    constexpr real(double value) : real(float(value)) {}
    constexpr real(int value) : real(float(value)) {}
    constexpr float value() const { return std::bit_cast<float>(bits); }
};

/// `real` beside `using namespace std`, which has one too. No errors.
///
///     constexpr real_argument half = 0.5;
using real_argument = real;

constexpr float from_bits(std::int32_t bits) { return std::bit_cast<float>(bits); }
constexpr std::int32_t to_bits(double value) { return std::int32_t(real{value}.bits); }

}  // namespace weft
