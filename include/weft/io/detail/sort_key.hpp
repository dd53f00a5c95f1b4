#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::io::detail {

/// What the tensors of a file are ordered by, wherever that is needed: sorting one type of key in one way is
/// compiled once.
struct sort_key {
    std::uint64_t first = 0, second = 0;
    std::string_view name;
    /// The place before sorting, which decides between equals.
    std::size_t index = 0;
};

inline bool operator<(const sort_key& a, const sort_key& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    const int order = a.name.compare(b.name);
    return order != 0 ? order < 0 : a.index < b.index;
}

/// Sorts in n log n steps, whatever the file holds; by a heap, which is the least code.
inline void sort_keys(std::vector<sort_key>& keys) {
    std::make_heap(keys.begin(), keys.end());
    std::sort_heap(keys.begin(), keys.end());
}

/// The first of the sorted keys whose name the key before has too, or nullptr.
inline const sort_key* find_twice(const std::vector<sort_key>& sorted) {
    for (std::size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i].name == sorted[i - 1].name) return &sorted[i];
    return nullptr;
}

}  // namespace weft::io::detail
