#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "../../core/extents.hpp"

// Small pieces of text that tables and graphs are made of.

namespace weft::inspect::detail {

/// 1234567 as "1,234,567".
inline std::string grouped(std::int64_t n) {
    std::string digits = std::to_string(n);
    const std::size_t sign = digits[0] == '-';
    for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

/// A number of bytes with three digits and a unit: "1.23 MiB"; below 1 KiB exact.
inline std::string bytes(std::int64_t n) {
    static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double x = double(n);
    int unit = 0;
    for (; x >= 999.5 && unit < 4; ++unit) x /= 1024;
    char buffer[40];
    const int decimals = unit == 0 || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
    std::snprintf(buffer, sizeof buffer, "%.*f %s", decimals, x, units[unit]);
    return buffer;
}

/// Up to six digits, without zeros at the end.
inline std::string number(double x) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%g", x);
    return buffer;
}

/// "6x28x28".
inline std::string shape_text(const extents& e) {
    std::string result;
    for (int i = 0; i < e.rank; ++i) result.append(i ? "x" : "").append(std::to_string(e[i]));
    return result;
}

/// A table of text whose columns are as wide as their contents.
class text_table {
public:
    /// One character per column: 'l' or 'r', the side that cells keep to.
    explicit text_table(std::string sides) : sides_(std::move(sides)) {}

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// A line over the whole width.
    void rule() { rows_.push_back({}); }

    std::string text() const {
        std::vector<std::size_t> width(sides_.size());
        for (const auto& row : rows_)
            for (std::size_t c = 0; c < row.size(); ++c)
                if (row[c].size() > width[c]) width[c] = row[c].size();
        std::size_t total = 2 * (width.size() - 1);
        for (std::size_t w : width) total += w;
        std::string out;
        for (const auto& row : rows_) {
            std::string line = row.empty() ? std::string(total, '-') : "";
            for (std::size_t c = 0; c < row.size(); ++c) {
                const std::string space(width[c] - row[c].size(), ' ');
                line += (c ? "  " : "") + (sides_[c] == 'r' ? space + row[c] : row[c] + space);
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + "\n";
        }
        return out;
    }

private:
    std::string sides_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace weft::inspect::detail
