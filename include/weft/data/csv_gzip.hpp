#pragma once
/// CSV packed by gzip; link with -lz.

#include <cstddef>
#include <string>

#include "csv.hpp"
#include "gzip.hpp"

namespace weft::data {

/// Reads a CSV file, packed by gzip or plain; errors as read_csv and read_gzip, `limit` in bytes after
/// unpacking.
inline csv_table read_csv_gzip(const std::string& path, const csv_options& options = {},
                               std::size_t limit = std::size_t{1} << 30) {
    return parse_csv(read_gzip(path, limit), options, path);
}

}  // namespace weft::data
