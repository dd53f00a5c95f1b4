#pragma once

#include <cstddef>
#include <string_view>

namespace weft {

/// A string that can be a template argument: named<"head">(…).
template <std::size_t N>
struct fixed_string {
    char text[N]{};

    constexpr fixed_string(const char (&source)[N]) {
        for (std::size_t i = 0; i < N; ++i) text[i] = source[i];
    }
    constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace weft
