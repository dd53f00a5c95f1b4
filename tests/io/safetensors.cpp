#include "weft/io/safetensors.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../data/files.hpp"

namespace io = weft::io;
using weft_test::failure;

namespace {

/// A file of a header length, a header and data.
std::string file_of(const std::string& header, std::size_t data_size, std::int64_t length_error = 0) {
    const std::uint64_t length = header.size() + std::uint64_t(length_error);
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += char(length >> (8 * i) & 0xFF);
    return bytes + header + std::string(data_size, '\x3f');
}
std::string tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}";
}
template <class T>
std::string bytes_of(const std::vector<T>& values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

}  // namespace

TEST_CASE("safetensors are read as the format says", "[io][safetensors]") {
    const weft_test::temporary_folder folder;
    const std::string header =
        R"({"__metadata__":{"format":"pt","é":"\u20ac"},)" + tensor("b", "F64", "[]", "[8,16]") + "," +
        tensor("a.weight", "F32", "[2,1]", "[0,8]") + "," + tensor("none", "U8", "[0,3]", "[16,16]") + "," +
        tensor("half", "F16", "[2]", "[16,20]") + "," + tensor("brain", "BF16", "[1,1,1]", "[20,22]") + "," +
        tensor("count", "I64", "[]", "[22,30]") + "}   ";
    const std::string data = bytes_of<float>({1.5f, -2.0f}) + bytes_of<double>({0.1}) +
                             bytes_of<std::uint16_t>({0x3C00, 0xC000, 0x4049}) + bytes_of<std::int64_t>({7});
    io::safetensors_file file(folder.write("a.safetensors", file_of(header, 0) + data));
    REQUIRE(file.tensors().size() == 6);
    CHECK(file.tensors()[0].name == "a.weight");
    CHECK(file.tensors()[1].name == "b");
    CHECK(*file.find_metadata("é") == "€");
    CHECK(file.find_metadata("e") == nullptr);
    CHECK(file.find("c") == nullptr);
    CHECK(file.find("none")->elements() == 0);

    std::vector<float> two(2), one(1);
    file.read(*file.find("a.weight"), std::span<float>(two));
    CHECK(two == std::vector<float>{1.5f, -2.0f});
    file.read(*file.find("half"), std::span<float>(two));
    CHECK(two == std::vector<float>{1, -2});
    file.read(*file.find("brain"), std::span<float>(one));
    CHECK(one[0] == 3.140625f);
    file.read(*file.find("b"), std::span<float>(one));
    CHECK(one[0] == 0.1f);
    std::vector<double> wide(1);
    file.read(*file.find("b"), std::span<double>(wide));
    CHECK(wide[0] == 0.1);
    std::int64_t count = 0;
    file.read_bytes(*file.find("count"), std::as_writable_bytes(std::span(&count, 1)));
    CHECK(count == 7);

    CHECK_THAT(failure([&] { file.read(*file.find("count"), std::span<float>(one)); }),
               contains("tensor 'count': I64 cannot become numbers"));
    CHECK_THAT(failure([&] { file.read(*file.find("half"), std::span<float>(one)); }),
               contains("another size"));
    CHECK_THAT(failure([&] {
                   file.read_bytes(*file.find("half"), std::as_writable_bytes(std::span(one)).first(3));
               }),
               contains("another size"));
}

TEST_CASE("numbers too large for float are an error, infinities are not", "[io][safetensors]") {
    const weft_test::temporary_folder folder;
    const std::string header = "{" + tensor("a", "F64", "[3]", "[0,24]") + "}";
    const double infinity = std::numeric_limits<double>::infinity();
    io::safetensors_file file(
        folder.write("a", file_of(header, 0) + bytes_of<double>({infinity, std::nan(""), 1e39})));
    std::vector<float> narrow(3);
    CHECK_THAT(failure([&] { file.read(file.tensors()[0], std::span<float>(narrow)); }),
               contains("tensor 'a': element 2 is too large for float"));
    std::vector<double> wide(3);
    file.read(file.tensors()[0], std::span<double>(wide));
    CHECK(wide[0] == infinity);
    CHECK(std::isnan(wide[1]));
}

TEST_CASE("what is written is read again, in chunks too", "[io][safetensors]") {
    const weft_test::temporary_folder folder;
    std::vector<float> many(100'000);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = float(i) * 0.25f;
    std::vector<float> scalar = {4};
    const std::vector<double> wide = {1e300};
    const std::uint8_t odd[3] = {1, 2, 3};
    const auto path = folder / "b.safetensors";
    io::write_safetensors(path,
                          {{"odd", io::dtype::u8, {3}, std::as_bytes(std::span(odd))},
                           {"many \"é\"\n", io::dtype::f32, {1000, 100}, std::as_bytes(std::span(many))},
                           {"scalar", io::dtype::f32, {}, std::as_bytes(std::span(scalar))},
                           {"none", io::dtype::f32, {0}, {}},
                           {"wide", io::dtype::f64, {1}, std::as_bytes(std::span(wide))}},
                          {{"made by", "weft"}, {"\t", ""}});
    io::safetensors_file file(path);
    CHECK(file.tensors()[0].name == "wide");
    CHECK(file.tensors().back().name == "odd");
    CHECK(*file.find_metadata("made by") == "weft");
    std::vector<float> again(many.size());
    file.read(*file.find("many \"é\"\n"), std::span<float>(again));
    CHECK(again == many);
    std::vector<double> doubles(many.size());
    file.read(*file.find("many \"é\"\n"), std::span<double>(doubles));
    CHECK(doubles[99'999] == 24999.75);

    const std::string bytes = weft_test::read_bytes(path);
    CHECK((8 + std::uint64_t(static_cast<unsigned char>(bytes[0]))) % 8 == 0);
    io::write_safetensors(folder / "empty", std::vector<io::tensor_view>{});
    CHECK(weft_test::read_bytes(folder / "empty") == std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
    CHECK(io::safetensors_file(folder / "empty").tensors().empty());
}

TEST_CASE("the writer refuses what no reader would take", "[io][safetensors]") {
    const weft_test::temporary_folder folder;
    const std::vector<float> values(4);
    const auto bytes = std::as_bytes(std::span(values));
    const auto attempt = [&](std::vector<io::tensor_view> tensors, io::metadata_entries metadata = {}) {
        return failure([&] { io::write_safetensors(folder / "a", tensors, metadata); });
    };
    CHECK_THAT(attempt({{"x", io::dtype::f32, {3}, bytes}}), contains("F32 [3] does not take the 16 bytes"));
    CHECK_THAT(attempt({{"x", io::dtype::f32, {std::size_t(-1), 8}, bytes}}), contains("does not take"));
    CHECK_THAT(attempt({{"x", io::dtype::f32, {4}, bytes}, {"x", io::dtype::f32, {2, 2}, bytes}}),
               contains("two tensors have the name 'x'"));
    CHECK_THAT(attempt({{"__metadata__", io::dtype::f32, {4}, bytes}}), contains("reserved"));
    CHECK_THAT(attempt({{"\xff", io::dtype::f32, {4}, bytes}}), contains("not valid UTF-8"));
    CHECK_THAT(attempt({}, {{"key", "\xc3"}}), contains("not valid UTF-8"));
    CHECK_THAT(attempt({}, {{"b", "1"}, {"a", "2"}, {"b", "3"}}), contains("have the key 'b' twice"));
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("malformed safetensors give one clear error", "[io][safetensors][malformed]") {
    struct broken {
        std::string bytes, expected;
    };
    const std::string good = tensor("a", "F32", "[2]", "[0,8]"), second = tensor("b", "F32", "[1]", "[8,12]");
    const auto object = [](const std::string& members) { return "{" + members + "}"; };
    const std::string huge = "18446744073709551615";
    const std::vector<broken> cases = {
        // The frame.
        {"", "the file has 0 bytes; 8 is the least"},
        {"\x02\0", "8 is the least"},
        {file_of("", 0), "does not start with '{'"},
        {file_of(object(good), 8, 1000), "does not fit in a file"},
        {file_of(object(good), 0, 1), "does not fit in a file"},
        {std::string(8, '\xff'), "a header of 18446744073709551615 bytes does not fit in a file of 8"},
        {std::string("\xf8\xff\xff\xff\xff\xff\xff\xff{}", 10), "does not fit in a file"},
        {file_of(object(good), 8, -1), "expected ',' or '}'"},
        {file_of(object(good), 8, 1), "does not end with '}'"},
        {file_of(" " + object(good), 8), "does not start with '{'"},
        {file_of("[]", 0), "does not start with '{'"},
        {file_of(object(good) + "\n", 8), "does not end with '}'"},
        {file_of(object(good) + std::string(1, '\0'), 8), "does not end with '}'"},
        {file_of(object(good) + "{}", 8), "something follows the end"},
        {file_of("\xEF\xBB\xBF" + object(good), 8), "does not start with '{'"},
        {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "8 is the least"},
        {"PK\x03\x04 a file that PyTorch pickled", "this is a zip archive"},
        // The JSON.
        {file_of("{\"a\"}", 0), "expected ':'"},
        {file_of(object(good + ","), 8), "expected a string"},
        {file_of(object(good + " " + second), 12), "expected ',' or '}'"},
        {file_of(object("\"a\":[]"), 0), "expected an object"},
        {file_of(object("\"a\":null"), 0), "expected an object"},
        {file_of(object("\"a\":" + std::string(5000, '{') + "}"), 0), "expected a string"},
        {file_of(object("\"\xff\":{}"), 0), "not valid UTF-8"},
        {file_of(object("\"\\ud800\":{}"), 0), "surrogate"},
        // Metadata.
        {file_of(object(R"("__metadata__":{"a":1})"), 0), "expected a string"},
        {file_of(object(R"("__metadata__":{"a":{}})"), 0), "expected a string"},
        {file_of(object(R"("__metadata__":[])"), 0), "expected an object"},
        {file_of(object(R"("__metadata__":{"a":"1","a":"2"})"), 0), "a second 'a' in __metadata__"},
        {file_of(object(R"("__metadata__":{},"__metadata__":{})"), 0), "a second __metadata__"},
        // Members of a tensor.
        {file_of(object("\"a\":{}"), 0), "tensor 'a': dtype is missing"},
        {file_of(object(R"("a":{"dtype":"F32","data_offsets":[0,4]})"), 4), "shape is missing"},
        {file_of(object(R"("a":{"dtype":"F32","shape":[]})"), 4), "data_offsets is missing"},
        {file_of(object(R"("a":{"dtype":"F32","dtype":"F32"})"), 4), "a second 'dtype'"},
        {file_of(object(R"("a":{"shape":[],"shape":[]})"), 4), "a second 'shape'"},
        {file_of(object(R"("a":{"stride":[1]})"), 4), "unknown key 'stride'"},
        {file_of(object(tensor("a", "F31", "[2]", "[0,8]")), 8), "unknown dtype 'F31'"},
        {file_of(object(tensor("a", "f32", "[2]", "[0,8]")), 8), "unknown dtype 'f32'"},
        {file_of(object(R"("a":{"dtype":7})"), 8), "expected a string"},
        {file_of(object(tensor("a", "F32", "2", "[0,8]")), 8), "expected an array"},
        {file_of(object(tensor("a", "F32", "[-2]", "[0,8]")), 8), "expected a whole number"},
        {file_of(object(tensor("a", "F32", "[2.0]", "[0,8]")), 8), "expected a whole number"},
        {file_of(object(tensor("a", "F32", "[\"2\"]", "[0,8]")), 8), "expected a whole number"},
        {file_of(object(tensor("a", "F32", "[[2]]", "[0,8]")), 8), "expected a whole number"},
        {file_of(object(tensor("a", "F32", "[" + huge + "0]", "[0,8]")), 8), "too large"},
        {file_of(object(tensor("a", "F32", "[2]", "[8]")), 8), "needs two numbers"},
        {file_of(object(tensor("a", "F32", "[2]", "[0,8,8]")), 8), "more than two numbers"},
        {file_of(object(tensor("a", "F32", "[2]", "[]")), 8), "needs two numbers"},
        {file_of(object(tensor("a", "U8", "[1" + std::string(64 * 2, ' ') + "]", "[0,2]")), 2),
         "takes 1 bytes"},
        {file_of(object(tensor("a", "U8",
                               "[" + std::string("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,") +
                                   "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                                   "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
                               "[0,1]")),
                 1),
         "more than 64 dimensions"},
        // Sizes and places.
        {file_of(object(tensor("a", "F32", "[2]", "[8,0]")), 8), "run backwards, from 8 to 0"},
        {file_of(object(good), 7), "its data end at byte 8, but the file has 7"},
        {file_of(object(tensor("a", "F32", "[2]", "[0," + huge + "]")), 8), "its data end at byte " + huge},
        {file_of(object(tensor("a", "F32", "[3]", "[0,8]")), 8),
         "F32 [3] takes 12 bytes, but data_offsets give 8"},
        {file_of(object(tensor("a", "F16", "[2]", "[0,8]")), 8), "takes 4 bytes"},
        {file_of(object(tensor("a", "F32", "[]", "[0,8]")), 8), "takes 4 bytes"},
        {file_of(object(tensor("a", "F32", "[0]", "[0,8]")), 8), "takes 0 bytes"},
        {file_of(object(tensor("a", "F32", "[4611686018427387904]", "[0,0]")), 0), "overflows"},
        {file_of(object(tensor("a", "U8", "[4294967296,4294967296]", "[0,0]")), 0), "overflows"},
        {file_of(object(tensor("a", "U8", "[4294967296,4294967297,0]", "[0,0]")), 0), "overflows"},
        {file_of(object(tensor("a", "U8", "[0," + huge + ",2]", "[0,0]")), 0), "overflows"},
        {file_of(object(tensor("a", "F32", "[1]", "[4,8]")), 8), "a hole of 4 bytes lies before its data"},
        {file_of(object(good + "," + tensor("b", "F32", "[1]", "[12,16]")), 16),
         "tensor 'b': a hole of 4 bytes"},
        {file_of(object(good + "," + tensor("b", "F32", "[1]", "[4,8]")), 8), "overlap"},
        {file_of(object(good + "," + tensor("b", "F32", "[2]", "[0,8]")), 8), "overlap"},
        {file_of(object(good + "," + tensor("b", "F32", "[0]", "[4,4]")), 8), "overlap"},
        {file_of(object(good), 9), "1 bytes at the end belong to no tensor"},
        {file_of("{}", 1), "1 bytes at the end belong to no tensor"},
        {file_of(object(good + "," + tensor("a", "F32", "[1]", "[8,12]")), 12),
         "two tensors of the name 'a'"},
        {file_of(object(good + "," + tensor("\\u0061", "F32", "[1]", "[8,12]")), 12),
         "two tensors of the name"},
    };
    const weft_test::temporary_folder folder;
    for (const broken& each : cases) {
        INFO(each.bytes.substr(0, 200));
        const auto path = folder.write("broken.safetensors", each.bytes);
        CHECK_THAT(failure([&] { io::safetensors_file file(path); }), contains("cannot read safetensors: ") &&
                                                                          contains("broken.safetensors: ") &&
                                                                          contains(each.expected));
    }
    CHECK_THAT(failure([&] { io::safetensors_file file(folder / "absent"); }), contains("no such file"));
    CHECK_THAT(failure([&] { io::safetensors_file file(folder.path()); }), contains("not a regular file"));
    CHECK_THAT(failure([&] { io::safetensors_file file("/dev/zero"); }), contains("not a regular file"));
}

TEST_CASE("every cut and many changes of a safetensors file give an error or a sound file",
          "[io][safetensors][malformed]") {
    const weft_test::temporary_folder folder;
    const std::string whole =
        file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "U8", "[1,3]", "[8,11]") +
                    R"(,"__metadata__":{"k":"v"}})",
                11);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto path = folder.write("cut", whole.substr(0, length));
        CHECK(failure([&] { io::safetensors_file file(path); }) != "no error");
    }
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char change : {'\0', '"', '9', '{', '\xff', ','}) {
            std::string bytes = whole;
            bytes[at] = change;
            const auto path = folder.write("changed", bytes);
            failure([&] {
                io::safetensors_file file(path);
                for (const auto& info : file.tensors()) {
                    std::vector<std::byte> room(std::size_t(info.end - info.begin));
                    file.read_bytes(info, room);
                }
            });
        }
    SUCCEED("no crash");
}

TEST_CASE("a file that shrinks after its header was read is an error", "[io][safetensors][malformed]") {
    const weft_test::temporary_folder folder;
    const auto path = folder.write("a", file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", 8));
    io::safetensors_file file(path);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
    std::vector<float> values(2);
    CHECK_THAT(failure([&] { file.read(file.tensors()[0], std::span<float>(values)); }),
               contains("tensor 'a': reading its data failed"));
}
