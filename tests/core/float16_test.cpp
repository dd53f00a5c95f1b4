#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <weft/core/float16.hpp>

#include "catch.hpp"

using weft::bfloat16, weft::float16;

namespace {

float from_half(std::uint16_t bits) { return std::bit_cast<float16>(bits); }
float from_bfloat16(std::uint16_t bits) { return std::bit_cast<bfloat16>(bits); }

static_assert(float(float16(-2.0f)) == -2.0f && float(bfloat16(1.5f)) == 1.5f);

/// What is nearest to a number between two neighbours, ties to even; the numbers of a type in order.
template <class Number>
void check_rounding(std::uint16_t largest) {
    for (std::uint32_t bits = 0; bits < largest; ++bits) {
        const float low = std::bit_cast<Number>(std::uint16_t(bits)),
                    high = std::bit_cast<Number>(std::uint16_t(bits + 1)), middle = low + (high - low) / 2;
        const auto bits_of = [](float x) { return std::uint32_t(std::bit_cast<std::uint16_t>(Number(x))); };
        const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
        if (bits_of(low) != bits || bits_of(middle) != even || bits_of(-middle) != (even | 0x8000u) ||
            bits_of(std::nextafter(middle, low)) != bits || bits_of(std::nextafter(middle, high)) != bits + 1)
            FAIL(bits);
    }
}

}  // namespace

TEST_CASE("half precision becomes float exactly", "[core][float16]") {
    CHECK(from_half(0x3C00) == 1.0f);
    CHECK(from_half(0x0001) == 0x1p-24f);
    CHECK(from_half(0x03FF) == 0x1.ff8p-15f);
    CHECK(from_half(0x0400) == 0x1p-14f);
    CHECK(from_half(0x7BFF) == 65504.0f);
    CHECK(from_half(0x3555) == 0x1.554p-2f);
    CHECK(from_half(0xFC00) == -INFINITY);
    CHECK(std::isnan(from_half(0x7E00)));
    CHECK(std::signbit(from_half(0x8000)));
    // Every finite value against sign * fraction * 2^exponent.
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const int exponent = int(bits >> 10 & 31);
        if (exponent == 31) continue;
        const double fraction = double(bits & 1023) + (exponent == 0 ? 0 : 1024);
        const double value = std::ldexp(fraction, (exponent == 0 ? 1 : exponent) - 25);
        if (double(from_half(std::uint16_t(bits))) != (bits >> 15 != 0 ? -value : value)) FAIL(bits);
    }
}

TEST_CASE("bfloat16 is the upper half of a float", "[core][float16]") {
    CHECK(from_bfloat16(0x3F80) == 1.0f);
    CHECK(from_bfloat16(0xC049) == -3.140625f);
    CHECK(from_bfloat16(0x7F80) == INFINITY);
    CHECK(std::isnan(from_bfloat16(0x7FC0)));
}

TEST_CASE("floats round to the nearest, ties to even", "[core][float16]") {
    check_rounding<float16>(0x7BFF);
    check_rounding<bfloat16>(0x7F7F);
    for (const float sign : {1.0f, -1.0f}) {
        CHECK(float(float16(sign * 65519.99f)) == sign * 65504.0f);
        CHECK(float(float16(sign * 65520.0f)) == sign * INFINITY);
        CHECK(float(float16(sign * 0x1p-25f)) == 0.0f);
        CHECK(float(float16(sign * 0x1.000002p-25f)) == sign * 0x1p-24f);
        CHECK(float(float16(sign * INFINITY)) == sign * INFINITY);
        CHECK(float(bfloat16(sign * INFINITY)) == sign * INFINITY);
        CHECK(float(bfloat16(sign * 3.4e38f)) == sign * INFINITY);
    }
    CHECK(std::isnan(float(float16(NAN))));
    CHECK(std::isnan(float(bfloat16(std::bit_cast<float>(0x7F800001u)))));
}
