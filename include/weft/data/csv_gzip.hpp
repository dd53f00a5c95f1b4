#pragma once
/// CSV packed by gzip; link with -lz.
///
///     const data::csv_table table = data::read_csv_gzip("iris.csv.gz", {.header = true});

#include <string>

#include "csv.hpp"
#include "gzip.hpp"

namespace weft::data {

/// Reads a CSV file, packed by gzip or plain. Errors as read_csv and read_gzip.
inline csv_table read_csv_gzip(const std::string& path, const csv_options& options = {}) {
    return parse_csv(read_gzip(path, options.limit), options, path);
}

}  // namespace weft::data
