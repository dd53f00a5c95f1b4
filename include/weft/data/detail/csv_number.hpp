#pragma once

#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

namespace weft::data::detail {

/// Why a text is no number; nullptr where it is one. Decimal only, whatever the locale; `+` is allowed; a
/// number too small for float becomes 0.
inline const char* parse_number(std::string_view text, float& value) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    const char *const first = text.data(), *const last = first + text.size();
    auto result = std::from_chars(first, last, value);
    if (result.ec == std::errc::result_out_of_range) {
        double wide = 0.0;
        result = std::from_chars(first, last, wide);
        if (result.ec == std::errc::result_out_of_range || std::abs(wide) > 1.0) return "is out of range";
        value = float(wide);
    }
    if (result.ec != std::errc{} || result.ptr != last) return "is no number";
    if (!std::isfinite(value)) return "is not a finite number";
    return nullptr;
}

}  // namespace weft::data::detail
