#pragma once
/// How a file is read, and which column is what.
///
///     data::csv_options options{.header = true, .delimiter = ';', .drop_missing = true};
///     options.classes = data::class_order::first_seen;
///     auto flowers = data::csv_classification("iris.csv", options);

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weft::data {

/// Which number a class label gets: its place among the sorted labels (numerically if all are whole numbers),
/// which does not depend on the order of the rows, or its place in order of first appearance.
enum class class_order { sorted, first_seen };

/// How a CSV file is read and turned into numbers. Columns are named by the header; in a file without one
/// they are "column 1", "column 2", … unless column_names says otherwise.
struct csv_options {
    /// Whether the first row holds the names of the columns. Unless it is said: it does, but where
    /// column_names are given; and a first row with a number in it is an error, since it may be a sample.
    std::optional<bool> header = {};
    char delimiter = ',';
    /// Drops spaces and tabs around fields; quotes protect them.
    bool trim = true;
    /// Names for a file without a header, one per column.
    std::vector<std::string> column_names = {};
    /// Fields that say that a value is missing.
    std::vector<std::string> missing = {"", "?", "NA", "NaN"};
    /// Leaves out rows with a missing value in a column that is used; otherwise the first one is an error.
    bool drop_missing = false;
    /// The column to predict; the last one if empty.
    std::string target = {};
    /// Columns that are not used.
    std::vector<std::string> ignore = {};
    /// Feature columns of text that become one input per category, 0 or 1 (categories in sorted order).
    std::vector<std::string> categorical = {};
    /// Treats each feature column that holds anything but numbers as categorical.
    bool one_hot_text = false;
    /// The most categories that one column may have: a column of names or numbers would need an input per
    /// row.
    std::size_t max_categories = 256;
    class_order classes = class_order::sorted;
    /// The most bytes that a file packed by gzip may unpack to: one of a megabyte may hold a thousand of
    /// them.
    std::size_t limit = std::size_t{1} << 28;
};

}  // namespace weft::data
