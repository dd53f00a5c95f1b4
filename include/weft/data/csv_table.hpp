#pragma once
/// The fields of a file as text.
///
///     const data::csv_table table = data::read_csv("iris.csv", {.header = true});
///     const std::size_t species = table.column("species");
///     for (std::size_t row = 0; row < table.rows(); ++row)
///         std::puts(std::string(table.field(row, species)).c_str());
///     const data::csv_table small = data::parse_csv("a,b\n1,2\n", {.header = true});

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "csv_options.hpp"
#include "detail/csv_number.hpp"
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
          lines_(std::move(lines)),
          by_name_(columns_.size()) {
        for (std::size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
        std::sort(by_name_.begin(), by_name_.end(), [&](std::size_t a, std::size_t b) {
            const int order = columns_[a].compare(columns_[b]);
            return order != 0 ? order < 0 : a < b;
        });
    }

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
        const auto found =
            std::lower_bound(by_name_.begin(), by_name_.end(), wanted,
                             [&](std::size_t i, const std::string& name) { return columns_[i] < name; });
        if (found == by_name_.end() || columns_[*found] != wanted) {
            std::string names;
            for (std::size_t i = 0; i < columns_.size() && i < 20; ++i)
                names.append(i == 0 ? "" : ", ").append(columns_[i]);
            if (columns_.size() > 20) names += ", …";
            raise("cannot find CSV column", name_, "there is no '" + wanted + "' among: " + names);
        }
        return *found;
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
    std::vector<std::size_t> by_name_;  // the columns' indices in the order of their names
};

namespace detail {

/// Whether the first row is a header; see csv_options::header.
inline bool has_header(const csv_scanner& scanner, const csv_row& first, const csv_options& options) {
    if (options.header.has_value()) return *options.header;
    if (!options.column_names.empty()) return false;
    float ignored = 0;
    for (std::size_t i = 0; i < first.ends.size(); ++i)
        if (parse_number(first.field(i), ignored) == nullptr)
            scanner.fail(
                first.line, i + 1,
                "a number in the first row: say whether that row is a sample (.header = false) or holds "
                "the names of the columns (.header = true)");
    return true;
}

inline std::vector<std::string> csv_column_names(csv_scanner& scanner, const csv_row& first, bool header,
                                                 const csv_options& options) {
    std::vector<std::string> names;
    if (header) {
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
    std::vector<std::pair<std::string_view, std::size_t>> sorted;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) names[i].append("column ").append(std::to_string(i + 1));
        sorted.emplace_back(names[i], i);
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i].first == sorted[i - 1].first)
            scanner.fail(first.line, sorted[i].second + 1,
                         "there is another column of the name '" + std::string(sorted[i].first) + "'");
    return names;
}

}  // namespace detail

/// Reads CSV (RFC 4180: quoted fields, doubled quotes, line breaks in quotes; LF or CRLF; a byte order mark
/// is skipped, and so are blank lines). `name` stands in error messages, which say name:line:column. Error on
/// rows of different lengths, stray or open quotes, NUL bytes, lone carriage returns, on no rows at all, and
/// where nobody said whether a first row with a number in it is a header.
inline csv_table parse_csv(std::string_view text, const csv_options& options = {},
                           const std::string& name = "<memory>") {
    detail::csv_scanner scanner(text, options.delimiter, options.trim, name);
    detail::csv_row row;
    if (!scanner.next(row)) raise("cannot read CSV", name, "it is empty");
    const bool header = detail::has_header(scanner, row, options);
    std::vector<std::string> columns = detail::csv_column_names(scanner, row, header, options);
    bool more = header ? scanner.next(row) : true;
    std::string fields;
    std::vector<std::size_t> ends, lines;
    for (; more; more = scanner.next(row)) {
        if (row.ends.size() != columns.size())
            scanner.fail(row.line, (std::min)(row.ends.size(), columns.size()) + 1,
                         "the row has " + std::to_string(row.ends.size()) + " fields instead of " +
                             std::to_string(columns.size()));
        for (const std::size_t end : row.ends) ends.push_back(fields.size() + end);
        fields += row.text;
        lines.push_back(row.line);
    }
    if (lines.empty()) raise("cannot read CSV", name, "no row follows the header");
    return {name, std::move(columns), std::move(fields), std::move(ends), std::move(lines), options.missing};
}

/// Reads a CSV file. Errors as parse_csv, and where the file cannot be read. For a packed one there is
/// read_csv_gzip in csv_gzip.hpp.
inline csv_table read_csv(const std::string& path, const csv_options& options = {}) {
    const detail::origin from{"cannot read CSV", path};
    detail::file_source file(path, from);
    std::string text;
    detail::read_up_to(file, text, text.max_size());
    return parse_csv(text, options, path);
}

}  // namespace weft::data
