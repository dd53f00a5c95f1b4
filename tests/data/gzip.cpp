#include "weft/data/gzip.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "files.hpp"
#include "weft/data/mnist.hpp"

namespace data = weft::data;
using weft_test::failure;
using weft_test::gzip;

namespace {

/// Hands out at most `step` bytes at a time, and counts them.
struct slow_source {
    std::string bytes;
    std::size_t step, given = 0;
    std::size_t read(std::span<unsigned char> out) {
        const std::size_t n = std::min({step, out.size(), bytes.size() - given});
        for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<unsigned char>(bytes[given + i]);
        given += n;
        return n;
    }
};

std::string noise(std::size_t n) {
    std::string text;
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < n; ++i) text += char((state = state * 1664525u + 1013904223u) >> 24);
    return text;
}

}  // namespace

TEST_CASE("gzip is found by its first bytes, all else passes as it is", "[data][gzip]") {
    const weft_test::temporary_folder folder;
    for (const std::string& text :
         {std::string("hello"), std::string(), noise(200'000), std::string(300'000, 'x')}) {
        CHECK(data::read_gzip(folder.write("packed", gzip(text))) == text);
        if (text.size() != 0) CHECK(data::read_gzip(folder.write("plain", text)) == text);
    }
    CHECK(data::read_gzip(folder.write("members", gzip("one ") + gzip("") + gzip("two"))) == "one two");
    CHECK(data::read_gzip(folder.write("short", "\x1f")) == "\x1f");
    CHECK(data::read_gzip(folder.write("empty", "")) == "");
}

TEST_CASE("gzip members that end at a buffer's end are joined", "[data][gzip]") {
    // Every position of the border against the 32 KiB buffer, one byte around it.
    for (std::size_t size = 32700; size < 32768; ++size) {
        const std::string first = noise(size);
        const std::string packed = gzip(first) + gzip("tail");
        const data::detail::origin from{"cannot read", "memory"};
        data::detail::memory_source source(
            {reinterpret_cast<const unsigned char*>(packed.data()), packed.size()});
        data::detail::gzip_source unpacked(source, from);
        REQUIRE(data::detail::read_text(unpacked, from, 100'000) == first + "tail");
    }
}

TEST_CASE("damaged gzip gives one clear error", "[data][gzip][malformed]") {
    const weft_test::temporary_folder folder;
    const std::string text = noise(5000), packed = gzip(text);
    std::string bad_crc = packed, bad_size = packed, bad_block = gzip(std::string(5000, 'x'));
    bad_crc[packed.size() - 8] ^= 1;
    bad_size[packed.size() - 1] ^= 1;
    bad_block[10] = char(0xff);
    std::string bad_method = packed;
    bad_method[2] = 7;
    struct broken {
        std::string bytes, expected;
    };
    const std::vector<broken> cases = {
        {bad_crc, "incorrect data check"},
        {bad_size, "incorrect length check"},
        {bad_block, "damaged"},
        {bad_method, "unknown compression method"},
        {packed + "x", "bytes follow the end"},
        {packed + std::string(1, '\0'), "bytes follow the end"},
        {packed + "garbage", "bytes follow the end"},
        {packed + packed.substr(0, 40), "truncated"},
    };
    for (const auto& [bytes, expected] : cases) {
        INFO(expected);
        const auto path = folder.write("broken.gz", bytes);
        CHECK_THAT(failure([&] { data::read_gzip(path); }), contains("broken.gz: ") && contains(expected));
    }
    for (std::size_t length = 2; length < packed.size(); length += length < 40 ? 1 : 97) {
        const auto path = folder.write("broken.gz", packed.substr(0, length));
        CHECK_THAT(failure([&] { data::read_gzip(path); }), contains("truncated"));
    }
    CHECK_THAT(failure([&] { data::read_gzip(folder / "absent"); }), contains("no such file"));
    CHECK_THAT(failure([&] { data::read_gzip(folder.path()); }), contains("folder"));
}

TEST_CASE("a decompression bomb stops at its limit", "[data][gzip][malformed]") {
    const std::string bomb = gzip(std::string(std::size_t{1} << 26, '\0'));
    const weft_test::temporary_folder folder;
    const auto path = folder.write("bomb.gz", bomb);
    CHECK_THAT(failure([&] { data::read_gzip(path, 1000); }),
               contains("more than 1000 bytes, the most that is accepted (limit)"));
    CHECK(data::read_gzip(path).size() == std::size_t{1} << 26);

    // An IDX file that declares four elements: no more is unpacked than it takes to see the fifth.
    const std::string idx = gzip(weft_test::idx_header(8, {4}) + std::string(std::size_t{1} << 26, '\0'));
    slow_source source{idx, 64};
    const data::detail::origin from{"cannot read IDX", "bomb"};
    data::detail::gzip_source unpacked(source, from);
    CHECK_THAT(failure([&] { data::detail::read_idx_from(unpacked, from); }), contains("too long"));
    CHECK(source.given < 1000);
    // And one that declares what is in it: nothing is unpacked.
    const std::string honest =
        gzip(weft_test::idx_header(8, {1 << 13, 1 << 13}) + std::string(1 << 26, '\0'));
    CHECK_THAT(failure([&] {
                   data::idx_images(folder.write("images.gz", honest), folder / "labels.gz", (1 << 26) - 1);
               }),
               contains("images.gz: 8192x8192 elements of 1 bytes are more than 67108863 bytes"));
}
