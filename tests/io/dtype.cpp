#include "weft/io/dtype.hpp"

#include <cmath>
#include <cstdint>

#include "../catch.hpp"

using namespace weft::io;

static_assert(size_of(dtype::f32) == 4 && size_of(dtype::boolean) == 1 && size_of(dtype::c64) == 8);
static_assert(name_of(dtype::bf16) == "BF16" && name_of(dtype::f8_e4m3) == "F8_E4M3");
static_assert(half_to_float(0x3C00) == 1.0f && half_to_float(0xC000) == -2.0f);

TEST_CASE("every dtype is found by its name", "[io][dtype]") {
    for (std::size_t i = 0; i < detail::dtype_table.size(); ++i) {
        dtype found = dtype::f32;
        REQUIRE(find_dtype(name_of(dtype(i)), found));
        CHECK(found == dtype(i));
    }
    dtype found = dtype::f32;
    CHECK_FALSE(find_dtype("F128", found));
    CHECK_FALSE(find_dtype("f32", found));
    CHECK_FALSE(find_dtype("", found));
}

TEST_CASE("half precision becomes float exactly", "[io][dtype]") {
    CHECK(half_to_float(0x0001) == 0x1p-24f);
    CHECK(half_to_float(0x03FF) == 0x1.ff8p-15f);
    CHECK(half_to_float(0x0400) == 0x1p-14f);
    CHECK(half_to_float(0x7BFF) == 65504.0f);
    CHECK(half_to_float(0x3555) == 0x1.554p-2f);
    CHECK(half_to_float(0xFC00) == -INFINITY);
    CHECK(std::isnan(half_to_float(0x7E00)));
    CHECK(std::signbit(half_to_float(0x8000)));
    // Every finite value against sign * fraction * 2^exponent.
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const int exponent = int(bits >> 10 & 31);
        if (exponent == 31) continue;
        const double fraction = double(bits & 1023) + (exponent == 0 ? 0 : 1024);
        const double value = std::ldexp(fraction, (exponent == 0 ? 1 : exponent) - 25);
        if (double(half_to_float(std::uint16_t(bits))) != (bits >> 15 != 0 ? -value : value)) FAIL(bits);
    }
}

TEST_CASE("bfloat16 is the upper half of a float", "[io][dtype]") {
    CHECK(bfloat16_to_float(0x3F80) == 1.0f);
    CHECK(bfloat16_to_float(0xC049) == -3.140625f);
    CHECK(bfloat16_to_float(0x7F80) == INFINITY);
    CHECK(std::isnan(bfloat16_to_float(0x7FC0)));
}
