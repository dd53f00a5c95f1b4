#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../core/error.hpp"

namespace weft::data::detail {

/// One row: the unquoted fields one after another, where each ends, and the line on which the row starts.
struct csv_row {
    std::string text;
    std::vector<std::size_t> ends;
    std::size_t line = 1;
    std::string_view field(std::size_t i) const {
        const std::size_t begin = i == 0 ? 0 : ends[i - 1];
        return std::string_view(text).substr(begin, ends[i] - begin);
    }
};

/// Cuts CSV text into rows.
class csv_scanner {
public:
    /// In a row: a line of nothing but delimiters would take many times its size.
    static constexpr std::size_t most_fields = std::size_t{1} << 24;

    csv_scanner(std::string_view text, char delimiter, bool trim, std::string name)
        : text_(text), delimiter_(delimiter), trim_(trim), name_(std::move(name)) {
        if (delimiter == '"' || delimiter == '\n' || delimiter == '\r' || delimiter == '\0')
            raise("cannot read CSV", name_, "a quote, a line break or NUL cannot be the delimiter");
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    }

    /// The next row that is not blank; false at the end.
    bool next(csv_row& row) {
        row.text.clear();
        row.ends.clear();
        while (skip_blank_line()) {
        }
        if (at_end()) return false;
        row.line = line_;
        for (bool more = true; more;) {
            if (row.ends.size() == most_fields)
                fail(row.line, most_fields + 1,
                     "no row may have more than " + std::to_string(most_fields) + " fields");
            field(row);
            row.ends.push_back(row.text.size());
            more = !at_end() && text_[at_] == delimiter_;
            if (more) ++at_;
        }
        end_of_line(row);
        return true;
    }

    [[noreturn]] void fail(std::size_t line, std::size_t column, const std::string& why) const {
        raise("cannot read CSV", name_ + ":" + std::to_string(line) + ":" + std::to_string(column), why);
    }

private:
    bool at_end() const { return at_ == text_.size(); }
    bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }
    /// The length of the line break at `i`: 0 (none), 1 or 2.
    std::size_t line_break(std::size_t i) const {
        if (text_[i] == '\n') return 1;
        return text_[i] == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n' ? 2 : 0;
    }
    bool skip_blank_line() {
        std::size_t i = at_;
        while (i < text_.size() && is_blank(text_[i])) ++i;
        if (i == text_.size()) {
            at_ = i;
            return false;
        }
        const std::size_t length = line_break(i);
        if (length == 0) return false;
        at_ = i + length;
        ++line_;
        return true;
    }
    void end_of_line(const csv_row& row) {
        if (at_end()) return;
        const std::size_t length = line_break(at_);
        if (length == 0) fail(row.line, row.ends.size(), "text follows a closing quote");
        at_ += length;
        ++line_;
    }
    void skip_blanks() {
        while (!at_end() && is_blank(text_[at_])) ++at_;
    }

    void field(csv_row& row) {
        std::size_t start = at_;
        while (start < text_.size() && is_blank(text_[start])) ++start;
        if (start < text_.size() && text_[start] == '"' && (trim_ || start == at_)) {
            at_ = start + 1;
            quoted(row);
            if (trim_) skip_blanks();
            return;
        }
        if (trim_) at_ = start;
        plain(row);
    }
    void plain(csv_row& row) {
        const std::size_t start = at_, column = row.ends.size() + 1;
        for (; !at_end() && text_[at_] != delimiter_; ++at_) {
            const char c = text_[at_];
            if (line_break(at_) != 0) break;
            if (c == '"') fail(row.line, column, "a quote stands in a field that does not start with one");
            if (c == '\0') fail(row.line, column, "a NUL byte: this is no text");
            if (c == '\r') fail(row.line, column, "a carriage return without a line feed");
        }
        std::size_t end = at_;
        while (trim_ && end > start && is_blank(text_[end - 1])) --end;
        row.text.append(text_.substr(start, end - start));
    }
    void quoted(csv_row& row) {
        const std::size_t column = row.ends.size() + 1;
        for (;; ++at_) {
            if (at_end()) fail(row.line, column, "the quote is never closed");
            const char c = text_[at_];
            if (c == '"') {
                if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
                ++at_;
            }
            if (c == '\0') fail(row.line, column, "a NUL byte: this is no text");
            if (c == '\n') ++line_;
            row.text += c;
        }
        ++at_;
    }

    std::string_view text_;
    char delimiter_;
    bool trim_;
    std::string name_;
    std::size_t at_ = 0, line_ = 1;
};

}  // namespace weft::data::detail
