#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "message.hpp"
#include "utf8.hpp"

namespace weft::detail {

/// Reads JSON by asking for what must come next. It builds no tree and never recurses, so that a file decides
/// neither the depth of the stack nor the size of anything but the strings and numbers asked for. Errors name
/// the byte.
///
///     json.begin_object();
///     while (json.next_key(key)) …read the value…
///     json.end();
class json_reader {
public:
    /// `what`, `where` and `part` start each error: "cannot read safetensors", "model.safetensors", "the
    /// header". All outlive the reader.
    json_reader(std::string_view text, std::string_view what, std::string_view where,
                std::string_view part = "the header")
        : text_(text), what_(what), where_(where), part_(part) {}

    void begin_object() { begin('{', "an object"); }
    void begin_array() { begin('[', "an array"); }
    /// Moves to the next member and stands before its value; false after the object's last.
    bool next_key(std::string& key) {
        if (!next('}')) return false;
        string(key);
        skip_space();
        if (peek() != ':') fail({"expected ':' after the key '", shortened(key), "'"});
        ++at_;
        return true;
    }
    /// Stands before the next element; false after the array's last.
    bool next_element() { return next(']'); }

    /// A string, with its escapes resolved, in valid UTF-8.
    void string(std::string& out) {
        skip_space();
        if (peek() != '"') fail({"expected a string"});
        ++at_;
        out.clear();
        while (true) {
            if (at_ == text_.size()) fail({"a string is never closed"});
            const char c = text_[at_];
            if (c == '"') break;
            if (static_cast<unsigned char>(c) < 0x20) fail({"a control character in a string"});
            if (c == '\\') {
                ++at_;
                escape(out);
                continue;
            }
            const std::size_t length = utf8_length(text_.substr(at_));
            if (length == 0) fail({"a string is not valid UTF-8"});
            out.append(text_.substr(at_, length));
            at_ += length;
        }
        ++at_;
    }
    /// A whole number from 0 to 2^64 - 1: no sign, fraction, exponent or leading zero.
    std::uint64_t whole_number() {
        skip_space();
        const std::size_t start = at_;
        std::uint64_t value = 0;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            const auto digit = std::uint64_t(text_[at_] - '0');
            if (value > ((std::numeric_limits<std::uint64_t>::max)() - digit) / 10)
                fail({"a number is too large"});
            value = value * 10 + digit;
        }
        const std::size_t digits = at_ - start;
        if (digits == 0) fail({"expected a whole number from 0 up"});
        if (digits > 1 && text_[start] == '0') fail({"a number starts with 0"});
        const char after = peek();
        if (after == '.' || after == 'e' || after == 'E') fail({"expected a whole number from 0 up"});
        return value;
    }
    /// true or false.
    bool boolean() {
        skip_space();
        for (const std::string_view word : {"false", "true"})
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return word.size() == 4;
            }
        fail({"expected true or false"});
    }
    /// Error unless nothing but white space is left.
    void end() {
        skip_space();
        if (at_ != text_.size()) fail({"something follows the end of the JSON text"});
    }
    /// The byte that comes next.
    std::size_t position() const { return at_; }
    /// Raises an error at the present byte, whose parts are `why`.
    [[noreturn]] void fail(std::initializer_list<std::string_view> why) const { fail_at(at_, why); }
    [[noreturn, gnu::cold, gnu::noinline]] void fail_at(std::size_t position,
                                                        std::initializer_list<std::string_view> why) const {
        raise_parts(what_, where_, {part_, " is broken at byte ", decimal(position), ": ", message(why)});
    }
    /// Cut where it is long, for messages.
    [[gnu::cold, gnu::noinline]] static std::string shortened(std::string_view text) {
        if (text.size() <= 80) return message({text});
        std::size_t end = 80;
        while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        return message({text.substr(0, end), "…"});
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
            ++at_;
    }
    void begin(char bracket, const char* name) {
        skip_space();
        if (peek() != bracket) fail({"expected ", name});
        ++at_;
        first_ = true;
    }
    bool next(char bracket) {
        skip_space();
        if (peek() == bracket) {
            ++at_;
            // What encloses the thing just closed has had an element: this one.
            first_ = false;
            return false;
        }
        if (!first_) {
            if (peek() != ',') fail({"expected ',' or '", {&bracket, 1}, "'"});
            ++at_;
        }
        first_ = false;
        return true;
    }
    std::uint32_t hex4() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const char c = peek();
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) fail({"\\u needs four hexadecimal digits"});
            value = value * 16 + std::uint32_t(digit);
        }
        return value;
    }
    void escape(std::string& out) {
        const char c = peek();
        const std::string_view known = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        if (c != 'u') {
            const std::size_t i = c == '\0' ? std::string_view::npos : known.find(c);
            if (i == std::string_view::npos) fail({"unknown escape in a string"});
            out += meant[i];
            ++at_;
            return;
        }
        ++at_;
        std::uint32_t code = hex4();
        if (code >= 0xDC00 && code <= 0xDFFF) fail({"half of a surrogate pair in a string"});
        if (code >= 0xD800 && code <= 0xDBFF) {
            if (text_.substr(at_, 2) != "\\u") fail({"half of a surrogate pair in a string"});
            at_ += 2;
            const std::uint32_t low = hex4();
            if (low < 0xDC00 || low > 0xDFFF) fail({"half of a surrogate pair in a string"});
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(out, code);
    }

    std::string_view text_;
    std::string_view what_, where_, part_;
    std::size_t at_ = 0;
    bool first_ = false;
};

/// Appends a JSON string, quotes included, to `out`. `text` is valid UTF-8.
inline void write_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (code < 0x20) {
            constexpr char digits[] = "0123456789abcdef";
            out += "\\u00";
            out += digits[code >> 4];
            out += digits[code & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace weft::detail
