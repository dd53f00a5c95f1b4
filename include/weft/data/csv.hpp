#pragma once

#include <cstddef>
#include <string>

#include "csv_encoding.hpp"
#include "csv_options.hpp"
#include "csv_table.hpp"
#include "dataset.hpp"

namespace weft::data {

/// A CSV file as a dataset for classification, in one step: the target column holds labels (text or numbers),
/// the other columns are features. `auto iris = weft::data::csv_classification("iris.csv", {.header =
/// false});`
inline dataset<float, int> csv_classification(const std::string& path, const csv_options& options = {}) {
    const csv_table table = read_csv(path, options);
    return encode_classes(table, fit_encoding(table, options));
}

/// A CSV file as a dataset for regression, in one step: the target column holds numbers.
inline dataset<float, float> csv_regression(const std::string& path, const csv_options& options = {}) {
    const csv_table table = read_csv(path, options);
    return encode_numbers(table, fit_encoding(table, options));
}

}  // namespace weft::data
