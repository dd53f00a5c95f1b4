#include "weft/core/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../catch.hpp"
#include "../data/files.hpp"

using weft::detail::json_reader;
using weft_test::failure;

namespace {

std::string read_string(const std::string& text) {
    json_reader json(text, "cannot read", "test");
    std::string value;
    json.string(value);
    json.end();
    return value;
}
std::uint64_t read_number(const std::string& text) {
    json_reader json(text, "cannot read", "test");
    const std::uint64_t value = json.whole_number();
    json.end();
    return value;
}
/// Reads {"key": [numbers…], …} and writes it down again.
std::string read_lists(const std::string& text) {
    json_reader json(text, "cannot read", "test");
    std::string shown, key;
    json.begin_object();
    while (json.next_key(key)) {
        shown += key + ":";
        json.begin_array();
        while (json.next_element()) shown += std::to_string(json.whole_number()) + ",";
    }
    json.end();
    return shown;
}

}  // namespace

TEST_CASE("JSON strings have their escapes resolved", "[io][json]") {
    CHECK(read_string(R"("")").empty());
    CHECK(read_string(R"( "abc" )") == "abc");
    CHECK(read_string(R"("\" \\ \/ \b \f \n \r \t")") == "\" \\ / \b \f \n \r \t");
    CHECK(read_string(R"("\u0041\u00e9\u20AC")") == "A\xC3\xA9\xE2\x82\xAC");
    CHECK(read_string(R"("\ud83d\ude00")") == "\xF0\x9F\x98\x80");
    CHECK(read_string(R"("\uD800\uDC00\uDBFF\uDFFF")") == "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    CHECK(read_string(R"("\u0000")") == std::string(1, '\0'));
    CHECK(read_string("\"\xF0\x9F\x98\x80 \xE2\x82\xAC \xC3\xA9\"") ==
          "\xF0\x9F\x98\x80 \xE2\x82\xAC \xC3\xA9");
}

TEST_CASE("JSON strings are written so that they read back", "[io][json]") {
    std::string all;
    for (int c = 0; c < 128; ++c) all += char(c);
    all += "\xF0\x9F\x98\x80";
    std::string written;
    weft::detail::write_json_string(written, all);
    CHECK(read_string(written) == all);
}

TEST_CASE("JSON whole numbers and lists", "[io][json]") {
    CHECK(read_number("0") == 0);
    CHECK(read_number(" 18446744073709551615\n") == 18446744073709551615u);
    CHECK(read_lists("{}").empty());
    CHECK(read_lists(R"( { "a" : [ ] , "b":[1 , 2],"c":[3] } )") == "a:b:1,2,c:3,");
}

TEST_CASE("JSON truth values", "[io][json]") {
    const auto read = [](std::string_view text) {
        json_reader json(text, "cannot read", "test", "the text");
        const bool value = json.boolean();
        json.end();
        return value;
    };
    CHECK(read(" true "));
    CHECK_FALSE(read("false"));
    for (const char* text : {"", "tru", "1", "truefalse", "\"true\"", "True"})
        CHECK_THAT(failure([&] { read(text); }), contains("cannot read: test: the text is broken at byte "));
}

TEST_CASE("malformed JSON gives one clear error", "[io][json][malformed]") {
    struct broken {
        std::string text, expected;
    };
    const std::vector<broken> strings = {
        {"", "expected a string"},
        {"abc", "expected a string"},
        {"\"abc", "never closed"},
        {"\"abc\\", "unknown escape"},
        {"\"abc\\\"", "never closed"},
        {"\"a\nb\"", "control character"},
        {std::string("\"a\0b\"", 5), "control character"},
        {R"("\x41")", "unknown escape"},
        {R"("\U0041")", "unknown escape"},
        {R"("\u12")", "four hexadecimal digits"},
        {R"("\u12G4")", "four hexadecimal digits"},
        {R"("\ud83d")", "half of a surrogate pair"},
        {R"("\ud83dx")", "half of a surrogate pair"},
        {R"("\ud83d\n")", "half of a surrogate pair"},
        {R"("\ud83d\u0041")", "half of a surrogate pair"},
        {R"("\ude00\ud83d")", "half of a surrogate pair"},
        {"\"\x80\"", "not valid UTF-8"},
        {"\"\xC0\x80\"", "not valid UTF-8"},
        {"\"\xC3\"", "not valid UTF-8"},
        {"\"\xE0\x80\x80\"", "not valid UTF-8"},
        {"\"\xED\xA0\x80\"", "not valid UTF-8"},
        {"\"\xF0\x80\x80\x80\"", "not valid UTF-8"},
        {"\"\xF4\x90\x80\x80\"", "not valid UTF-8"},
        {"\"\xF5\x80\x80\x80\"", "not valid UTF-8"},
        {"\"\xFF\"", "not valid UTF-8"},
        {"\"\xF0\x9F\x98", "not valid UTF-8"},
        {"\"a\" \"b\"", "something follows"},
    };
    for (const broken& each : strings) {
        INFO(each.text);
        CHECK_THAT(failure([&] { read_string(each.text); }),
                   contains("cannot read: test: the header is broken at byte ") && contains(each.expected));
    }
    const std::vector<broken> numbers = {
        {"-1", "whole number"},       {"+1", "whole number"},
        {"1.0", "whole number"},      {"1e3", "whole number"},
        {"01", "starts with 0"},      {"18446744073709551616", "too large"},
        {"true", "whole number"},     {"99999999999999999999999", "too large"},
        {"1 2", "something follows"},
    };
    for (const broken& each : numbers) {
        INFO(each.text);
        CHECK_THAT(failure([&] { read_number(each.text); }), contains(each.expected));
    }
    const std::vector<broken> lists = {
        {"[]", "expected an object"},
        {"{", "expected a string"},
        {"{\"a\"}", "expected ':'"},
        {"{\"a\":}", "expected an array"},
        {"{\"a\":[1}", "expected ',' or ']'"},
        {"{\"a\":[1,]}", "whole number"},
        {"{\"a\":[,1]}", "whole number"},
        {"{\"a\":[1 2]}", "expected ',' or ']'"},
        {"{\"a\":[1],}", "expected a string"},
        {"{,}", "expected a string"},
        {"{\"a\":[] \"b\":[]}", "expected ',' or '}'"},
        {"{\"a\":[1", "expected ',' or ']'"},
        {"{\"a\":[]", "expected ',' or '}'"},
        {"{}}", "something follows"},
        {"{} {}", "something follows"},
        {"{\"a\":" + std::string(100'000, '['), "whole number"},
        {std::string(100'000, '{'), "expected a string"},
        {"{a:[]}", "expected a string"},
        {"{'a':[]}", "expected a string"},
        {"{/* no */}", "expected a string"},
    };
    for (const broken& each : lists) {
        INFO(each.text.substr(0, 50));
        CHECK_THAT(failure([&] { read_lists(each.text); }), contains(each.expected));
    }
}
