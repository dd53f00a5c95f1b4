#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

/// Texts by key: what a file says of itself.
using metadata_entries = std::vector<std::pair<std::string, std::string>>;

/// The text of that key, or nullptr.
inline const std::string* find_metadata(const metadata_entries& metadata, std::string_view key) {
    for (const auto& [each, text] : metadata)
        if (each == key) return &text;
    return nullptr;
}

}  // namespace weft
