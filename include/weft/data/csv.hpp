#pragma once
/// Comma-separated values, in one step.
///
///     auto flowers = data::csv_classification("iris.csv", {.header = true});
///     auto houses = data::csv_regression(
///         "houses.csv", {.target = "price", .ignore = {"id"}, .categorical = {"town"}});
///     auto [train, test] = data::stratified_split(flowers, 0.2, seed{1});

#include <cstddef>
#include <string>

#include "csv_encoding.hpp"
#include "csv_options.hpp"
#include "csv_table.hpp"
#include "dataset.hpp"

namespace weft::data {

/// A CSV file as a dataset for classification, in one step: the target column holds labels (text or numbers),
/// the other columns are features. Errors as read_csv, fit_encoding and encode_classes.
inline dataset<float, int> csv_classification(const std::string& path, const csv_options& options = {}) {
    const csv_table table = read_csv(path, options);
    return encode_classes(table, fit_encoding(table, options));
}

/// A CSV file as a dataset for regression, in one step: the target column holds numbers. Errors as read_csv,
/// fit_encoding and encode_numbers.
inline dataset<float, float> csv_regression(const std::string& path, const csv_options& options = {}) {
    const csv_table table = read_csv(path, options);
    return encode_numbers(table, fit_encoding(table, options));
}

}  // namespace weft::data
