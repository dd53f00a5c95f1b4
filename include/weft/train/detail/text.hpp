#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>

namespace weft::detail {

/// `x` with `decimals` digits after the point, whatever the locale; "nan", "inf".
inline std::string fixed(double x, int decimals) {
    if (std::abs(x) >= 1e15) return std::isinf(x) ? (x < 0 ? "-inf" : "inf") : std::to_string(x);
    char buffer[48];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::fixed, decimals).ptr};
}

/// `x` with `digits` significant digits in the shorter of the two notations, whatever the locale.
inline std::string general(double x, int digits) {
    char buffer[48];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::general, digits).ptr};
}

inline std::string pad_left(std::string text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

inline std::string pad_right(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

/// "0.0123", "12.3", "1.2e-07": four significant digits where a loss has them.
inline std::string short_number(double x) {
    if (!std::isfinite(x)) return std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
    const double size = std::abs(x);
    if (size == 0) return "0";
    if (size < 1e-3 || size >= 1e6) return general(x, 3);
    return fixed(x, size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 0);
}

/// 0.9871 as "98.71%", 1 as "100%".
inline std::string percent_text(double part) { return part == 1.0 ? "100%" : fixed(100 * part, 2) + "%"; }

/// "9.8 s", "1:07", "2:03:59".
inline std::string time_text(double seconds) {
    if (!(seconds >= 0 && seconds < 3.6e8)) return "?";
    if (seconds < 59.95) return fixed(seconds, 1) + " s";
    const long total = std::lround(seconds);
    const std::string s = std::to_string(total % 60), m = std::to_string(total / 60 % 60);
    const std::string tail = (s.size() < 2 ? ":0" : ":") + s;
    if (total < 3600) return m + tail;
    return std::to_string(total / 3600) + (m.size() < 2 ? ":0" : ":") + m + tail;
}

/// "834", "12.3k", "4.56M".
inline std::string count_text(double x) {
    if (!(x >= 0 && x < 1e15)) return "?";
    if (x < 999.5) return fixed(x, x < 9.95 ? 1 : 0);
    const char* unit = "k";
    x /= 1e3;
    if (x >= 999.5) {
        x /= 1e3;
        unit = "M";
    }
    return fixed(x, x < 9.995 ? 2 : x < 99.95 ? 1 : 0) + unit;
}

}  // namespace weft::detail
