#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "csv_options.hpp"
#include "detail/csv_scanner.hpp"
#include "detail/source.hpp"

namespace weft::data {

/// The fields of a CSV file as text, row-major.
class csv_table {
public:
    csv_table() = default;
    csv_table(std::string name, std::vector<std::string> columns, std::string text,
              std::vector<std::size_t> ends, std::vector<std::size_t> lines, std::vector<std::string> missing)
        : name_(std::move(name)),
          columns_(std::move(columns)),
          missing_(std::move(missing)),
          text_(std::move(text)),
          ends_(std::move(ends)),
          lines_(std::move(lines)) {}

    std::size_t rows() const { return lines_.size(); }
    const std::vector<std::string>& columns() const { return columns_; }
    /// Which file, for messages.
    const std::string& name() const { return name_; }
    /// One field, without quotes. Error outside the table.
    std::string_view field(std::size_t row, std::size_t column) const {
        if (row >= rows() || column >= columns_.size())
            raise("cannot take CSV field", name_,
                  "row " + std::to_string(row) + ", column " + std::to_string(column) + " is outside " +
                      std::to_string(rows()) + " x " + std::to_string(columns_.size()));
        const std::size_t i = row * columns_.size() + column;
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
        return std::string_view(text_).substr(begin, ends_[i] - begin);
    }
    /// Whether a field is one of csv_options::missing.
    bool missing(std::size_t row, std::size_t column) const {
        return std::find(missing_.begin(), missing_.end(), field(row, column)) != missing_.end();
    }
    /// The line of the file on which a row starts, from 1.
    std::size_t line(std::size_t row) const { return lines_.at(row); }
    /// The index of a column. Error where there is none of the name.
    std::size_t column(const std::string& wanted) const {
        const auto found = std::find(columns_.begin(), columns_.end(), wanted);
        if (found == columns_.end()) {
            std::string names;
            for (std::size_t i = 0; i < columns_.size() && i < 20; ++i)
                names.append(i == 0 ? "" : ", ").append(columns_[i]);
            if (columns_.size() > 20) names += ", …";
            raise("cannot find CSV column", name_, "there is no '" + wanted + "' among: " + names);
        }
        return std::size_t(found - columns_.begin());
    }
    /// Throws an error about one field: "cannot read CSV: file:line:column: column 'age': why".
    [[noreturn]] void fail(std::size_t row, std::size_t column, const std::string& why) const {
        raise("cannot read CSV", name_ + ":" + std::to_string(line(row)) + ":" + std::to_string(column + 1),
              "column '" + columns_.at(column) + "': " + why);
    }

private:
    std::string name_;
    std::vector<std::string> columns_, missing_;
    std::string text_;
    std::vector<std::size_t> ends_, lines_;
};

namespace detail {

inline std::vector<std::string> csv_column_names(csv_scanner& scanner, const csv_row& first,
                                                 const csv_options& options) {
    std::vector<std::string> names;
    if (options.header) {
        for (std::size_t i = 0; i < first.ends.size(); ++i) names.emplace_back(first.field(i));
    } else if (!options.column_names.empty()) {
        if (options.column_names.size() != first.ends.size())
            scanner.fail(first.line, 1,
                         "the row has " + std::to_string(first.ends.size()) + " fields, but " +
                             std::to_string(options.column_names.size()) + " column names were given");
        names = options.column_names;
    } else {
        names.resize(first.ends.size());
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) names[i].append("column ").append(std::to_string(i + 1));
        if (!seen.insert(names[i]).second)
            scanner.fail(first.line, i + 1, "there is another column of the name '" + names[i] + "'");
    }
    return names;
}

}  // namespace detail

/// Reads CSV (RFC 4180: quoted fields, doubled quotes, line breaks in quotes; LF or CRLF; a byte order mark
/// is skipped, and so are blank lines). `name` stands in error messages, which say name:line:column. Error on
/// rows of different lengths, stray or open quotes, NUL bytes, lone carriage returns, and on no rows at all.
inline csv_table parse_csv(std::string_view text, const csv_options& options = {},
                           const std::string& name = "<memory>") {
    detail::csv_scanner scanner(text, options.delimiter, options.trim, name);
    detail::csv_row row;
    if (!scanner.next(row)) raise("cannot read CSV", name, "it is empty");
    std::vector<std::string> columns = detail::csv_column_names(scanner, row, options);
    bool more = options.header ? scanner.next(row) : true;
    std::string fields;
    std::vector<std::size_t> ends, lines;
    for (; more; more = scanner.next(row)) {
        if (row.ends.size() != columns.size())
            scanner.fail(row.line, std::min(row.ends.size(), columns.size()) + 1,
                         "the row has " + std::to_string(row.ends.size()) + " fields instead of " +
                             std::to_string(columns.size()));
        for (const std::size_t end : row.ends) ends.push_back(fields.size() + end);
        fields += row.text;
        lines.push_back(row.line);
    }
    if (lines.empty()) raise("cannot read CSV", name, "no row follows the header");
    return {name, std::move(columns), std::move(fields), std::move(ends), std::move(lines), options.missing};
}

/// Reads a CSV file; see parse_csv. For a packed one there is read_csv_gzip in csv_gzip.hpp.
inline csv_table read_csv(const std::string& path, const csv_options& options = {}) {
    const detail::origin from{"cannot read CSV", path};
    detail::file_source file(path, from);
    std::string text;
    detail::read_up_to(file, text, text.max_size());
    return parse_csv(text, options, path);
}

}  // namespace weft::data
