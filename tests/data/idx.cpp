#include "weft/data/idx.hpp"

#include <sstream>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "files.hpp"

namespace data = weft::data;
using weft_test::failure;
using weft_test::idx_header;

namespace {

data::idx_array parse(const std::string& bytes) {
    return data::parse_idx({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()},
                           "broken.idx");
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += char(value);
    return text;
}

}  // namespace

TEST_CASE("IDX of every element type is read in this machine's byte order", "[data][idx]") {
    const auto u8 = parse(idx_header(0x08, {2, 3}) + bytes({0, 1, 2, 127, 128, 255}));
    CHECK(u8.shape == std::vector<std::size_t>{2, 3});
    CHECK(u8.size() == 6);
    CHECK(u8.number(5) == 255.0);
    CHECK_THROWS_AS(u8.number(6), weft::error);
    CHECK(parse(idx_header(0x09, {2}) + bytes({0xff, 0x7f})).number(0) == -1.0);
    CHECK(parse(idx_header(0x0B, {2}) + bytes({0x01, 0x02, 0xff, 0xfe})).number(0) == 258.0);
    CHECK(parse(idx_header(0x0B, {2}) + bytes({0x01, 0x02, 0xff, 0xfe})).number(1) == -2.0);
    CHECK(parse(idx_header(0x0C, {1}) + bytes({0x80, 0, 0, 0})).number(0) == -2147483648.0);
    CHECK(parse(idx_header(0x0D, {1}) + bytes({0x3f, 0xc0, 0, 0})).number(0) == 1.5);
    CHECK(parse(idx_header(0x0E, {1}) + bytes({0xc0, 0x04, 0, 0, 0, 0, 0, 0})).number(0) == -2.5);
    CHECK(parse(idx_header(0x08, {0, 28, 28})).size() == 0);
}

TEST_CASE("IDX is read from streams and files", "[data][idx]") {
    const std::string text = idx_header(0x08, {3}) + "abc";
    std::istringstream stream(text);
    CHECK(data::read_idx(stream).number(2) == 'c');
    const weft_test::temporary_folder folder;
    CHECK(data::read_idx(folder.write("letters", text)).number(0) == 'a');
    CHECK_THAT(failure([&] { data::read_idx(folder / "absent"); }),
               contains("absent: there is no such file"));
    CHECK_THAT(failure([&] { data::read_idx(folder.path()); }), contains("this is a folder"));
}

TEST_CASE("malformed IDX gives one clear error", "[data][idx][malformed]") {
    struct broken {
        std::string bytes, expected;
    };
    const std::vector<broken> cases = {
        {"", "the file is empty"},
        {bytes({0}), "ends within the header, at the magic number"},
        {bytes({0, 0, 8}), "ends within the header, at the magic number"},
        {bytes({0, 0, 8, 1}), "at dimension 0"},
        {bytes({0, 0, 8, 1, 0, 0, 0}), "at dimension 0"},
        {bytes({0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1}), "at dimension 2"},
        {bytes({0, 0, 8, 255, 0, 0, 0, 1}), "at dimension 1"},
        {bytes({1, 0, 8, 1, 0, 0, 0, 1, 7}), "no IDX file"},
        {bytes({0, 1, 8, 1, 0, 0, 0, 1, 7}), "no IDX file"},
        {bytes({0x1f, 0x8b, 8, 0, 0, 0, 0, 0}), "no IDX file"},
        {"{\"not\": \"idx\"}", "no IDX file"},
        {bytes({0, 0, 0, 1, 0, 0, 0, 1, 7}), "unknown IDX element type 0"},
        {bytes({0, 0, 0x0A, 1, 0, 0, 0, 1, 7}), "unknown IDX element type 10"},
        {bytes({0, 0, 0x0F, 1, 0, 0, 0, 1, 7}), "unknown IDX element type 15"},
        {bytes({0, 0, 255, 1, 0, 0, 0, 1, 7}), "unknown IDX element type 255"},
        {bytes({0, 0, 8, 0}), "no dimensions"},
        {bytes({0, 0, 8, 0, 7}), "no dimensions"},
        {idx_header(8, {1}), "too short: 1 elements of 1 bytes need 1, but 0 follow"},
        {idx_header(8, {2, 2}) + "abc", "too short: 2x2 elements of 1 bytes need 4, but 3 follow"},
        {idx_header(0x0B, {2}) + "abc", "need 4, but 3 follow"},
        {idx_header(0x0E, {1}) + "abcdefg", "need 8, but 7 follow"},
        {idx_header(8, {2, 2}) + "abcde", "too long"},
        {idx_header(0x0D, {1}) + "abcde", "too long"},
        {idx_header(8, {0}) + "a", "too long"},
        {idx_header(8, {0xffffffff}) + "abc", "need 4294967295, but 3 follow"},
        {idx_header(8, {0xffffffff, 0x40000000}) + "abc", "but 3 follow"},
        {idx_header(8, {0xffffffff, 0xffffffff}) + "abc", "overflow"},
        {idx_header(0x0E, {0x80000000, 0x80000000}) + "abc", "overflow"},
        {idx_header(8, {65536, 65536, 65536, 65536}), "overflow"},
        {idx_header(8, {0, 0xffffffff, 0xffffffff, 0xffffffff}), "overflow"},
    };
    for (const broken& each : cases) {
        const std::string &text = each.bytes, &expected = each.expected;
        INFO(expected);
        const std::string message = failure([&] { parse(text); });
        CHECK_THAT(message, contains("cannot read IDX: broken.idx: ") && contains(expected));
        std::istringstream stream(text);
        CHECK_THAT(failure([&] { data::read_idx(stream, "broken.idx"); }), contains(expected));
    }
}
