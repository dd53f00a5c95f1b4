// Random numbers, constexpr mathematics, shapes and broadcasting.
#include <cmath>
#include <set>
#include <weft/core/broadcast.hpp>
#include <weft/core/buffer.hpp>
#include <weft/core/error.hpp>
#include <weft/core/math.hpp>
#include <weft/core/random.hpp>
#include <weft/core/real.hpp>
#include <weft/core/shape.hpp>

#include "../catch.hpp"

using namespace weft;

TEST_CASE("Philox gives the published numbers", "[core]") {
    // the known answers of Random123's kat_vectors for philox4x32-10
    static_assert(philox(0, 0, 0) ==
                  std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    static_assert(philox(~0ull, ~0ull, ~0ull) ==
                  std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    STATIC_REQUIRE(philox(0x299f31d0a4093822ull, 0x0370734413198a2eull, 0x85a308d3243f6a88ull) ==
                   std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams of random numbers are even, bounded and apart", "[core]") {
    random_stream a(seed{7}, 1), b(seed{7}, 2), again(seed{7}, 1);
    double sum = 0;
    int same = 0, counts[7] = {};
    for (int i = 0; i < 70000; ++i) {
        const float x = a.uniform();
        REQUIRE((x >= 0 && x < 1));
        REQUIRE(x == again.uniform());
        same += x == b.uniform();
        sum += double(x);
        ++counts[a.below(7)];
        (void)again.below(7);
        (void)b.below(7);
    }
    CHECK(sum / 70000 == Approx(0.5).margin(0.005));
    CHECK(same < 5);
    for (int count : counts) CHECK(count == Approx(10000).margin(400));
}

TEST_CASE("mathematics while compiling agrees with the standard library", "[core]") {
    constexpr double xs[] = {-700, -30, -3.5, -1,  -0.3, -1e-5, 0,   1e-5, 0.2,
                             0.7,  1,   1.5,  2.7, 6.5,  30,    300, 700};
    for (double x : xs) {
        INFO("x = " << x);
        CHECK(math::detail::exp(x) == Approx(std::exp(x)).epsilon(1e-13));
        CHECK(math::detail::tanh(x) == Approx(std::tanh(x)).epsilon(1e-11).margin(1e-15));
        CHECK(math::detail::erf(x) == Approx(std::erf(x)).epsilon(1e-12).margin(1e-15));
        CHECK(math::detail::erfc(x) == Approx(std::erfc(x)).epsilon(1e-11).margin(1e-300));
        CHECK(math::detail::expm1(x) == Approx(std::expm1(x)).epsilon(1e-13).margin(1e-300));
        if (x > -1) CHECK(math::detail::log1p(x) == Approx(std::log1p(x)).epsilon(1e-13).margin(1e-300));
        if (x <= 0) continue;
        CHECK(math::detail::log(x) == Approx(std::log(x)).epsilon(1e-13).margin(1e-15));
        CHECK(math::detail::sqrt(x) == Approx(std::sqrt(x)).epsilon(1e-14));
    }
    CHECK(math::detail::exp(1000) == std::numeric_limits<double>::infinity());
    CHECK(math::detail::exp(-1000) == 0);
    CHECK(std::isnan(math::detail::log(-1)));
    CHECK(math::detail::log(0) == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(math::detail::sqrt(-1)));
    static_assert(math::exp(0.f) == 1 && math::sqrt(4.) == 2 && math::tanh(0.) == 0 && math::erf(0.) == 0);
}

TEST_CASE("shapes are types and values", "[core]") {
    static_assert(shape<3, 4>{} == shape<3, 4>{} && !(shape<3, 4>{} == shape<4, 3>{}) &&
                  !(shape<3>{} == shape<3, 1>{}));
    static_assert(shape<2, 3, 4>::size == 24 && shape<2, 3, 4>::value == extents(2, 3, 4));
    static_assert(extents(2, 3, 4).product(1, 3) == 12 && extents(2, 3, 4).last() == 4);
    STATIC_REQUIRE(real(0.5).value() == 0.5f);
    STATIC_REQUIRE(
        (real(1).value() == 1.f && real(0.25f).value() == 0.25f && from_bits(to_bits(-2.5)) == -2.5f));
}

TEST_CASE("broadcasting follows NumPy where one run of sizes repeats", "[core]") {
    constexpr extents image(3, 4, 5);
    const auto as = [&](extents y, bool per_sample) { return broadcast(image, y, per_sample); };
    const auto blocks = [](const broadcasting& b) { return extents(b.outer, b.channels, b.inner); };
    CHECK(as(image, true).varies == broadcast_pattern::all);
    CHECK(blocks(as({3, 1, 1}, true)) == extents(1, 3, 20));
    CHECK(blocks(as({1, 4, 5}, true)) == extents(1, 3, 20));
    CHECK(as({1, 4, 5}, true).varies == broadcast_pattern::suffix);
    CHECK(blocks(as({4, 5}, false)) == extents(3, 20, 1));
    CHECK(blocks(as(extents(5), false)) == extents(12, 5, 1));
    CHECK(blocks(as({1, 4, 1}, false)) == extents(3, 4, 5));
    CHECK(as(extents(1), true).varies == broadcast_pattern::none);
    CHECK(!as({1, 4, 1}, true).possible);  // per sample, a run in the middle
    CHECK(!as({3, 1, 5}, false).possible);
    CHECK(!as(extents(4), true).possible);
    CHECK(!broadcast(extents(5), image, true).possible);
}

TEST_CASE("buffers are aligned and zero, errors say what, where and why", "[core]") {
    buffer<float> b(100);
    CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % 64 == 0);
    for (float x : b.span()) CHECK(x == 0);
    CHECK(buffer<double>().size() == 0);
    CHECK_THROWS_WITH(raise("cannot do this", "there", "that is so"), "cannot do this: there: that is so");
}
