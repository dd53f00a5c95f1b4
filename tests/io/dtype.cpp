#include "weft/io/dtype.hpp"

#include <cmath>
#include <cstdint>

#include "../catch.hpp"

using namespace weft::io;

static_assert(size_of(dtype::f32) == 4 && size_of(dtype::boolean) == 1 && size_of(dtype::c64) == 8);
static_assert(name_of(dtype::bf16) == "BF16" && name_of(dtype::f8_e4m3) == "F8_E4M3");

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
