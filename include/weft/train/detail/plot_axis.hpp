#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

namespace weft::detail {

/// One axis of a plot: the range it shows, where its ticks are, and how it maps numbers to pixels.
struct plot_axis {
    double low = 0, high = 1;
    bool logarithmic = false;
    std::vector<std::pair<double, std::string>> ticks;

    double pixel(double value, double at_low, double at_high) const {
        const double part =
            logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
        return at_low + part * (at_high - at_low);
    }
};

/// 1, 2 or 5 times a power of ten, the smallest at least `x`.
inline double nice_step(double x) {
    const double power = std::pow(10.0, std::floor(std::log10(x)));
    for (double factor : {1.0, 2.0, 5.0}) {
        if (x <= factor * power * (1 + 1e-9)) return factor * power;
    }
    return 10.0 * power;
}

/// A tick's number, with the decimals that its neighbours need.
inline std::string tick_text(double value, double step, bool percent) {
    if (std::abs(value) < step * 1e-6) return percent ? "0%" : "0";
    if (percent) {
        value *= 100;
        step *= 100;
    }
    const double size = std::abs(value);
    const int decimals = std::max(0, -int(std::floor(std::log10(step) + 1e-9)));
    if (decimals > 6 || size >= 1e6) return general(value, 6) + (percent ? "%" : "");
    return fixed(value, decimals) + (percent ? "%" : "");
}

/// Whole steps around [low, high], about five of them. A range of no width is widened.
inline plot_axis linear_axis(double low, double high, bool percent) {
    const double size = std::max(std::abs(low), std::abs(high));
    if (!(high - low > size * 1e-5 && high - low > 1e-100)) {
        const double margin = size > 1e-100 ? 0.1 * size : 0.5;
        const bool positive = low >= 0;
        low = positive ? std::max(low - margin, 0.0) : low - margin;
        high += margin;
        if (percent) high = std::min(high, 1.0);
    }
    const double step = nice_step((high - low) / 5);
    plot_axis axis;
    axis.low = std::floor(low / step + 1e-6) * step;
    axis.high = std::ceil(high / step - 1e-6) * step;
    const int count = int(std::lround((axis.high - axis.low) / step));
    for (int i = 0; i <= count; ++i) {
        const double value = axis.low + i * step;
        axis.ticks.emplace_back(value, tick_text(value, step, percent));
    }
    return axis;
}

/// Powers of ten around [low, high], both more than zero, with 2 and 5 between where there is room.
inline plot_axis log_axis(double low, double high) {
    const double decades = std::log10(high / low);
    const int stride = std::max(1, int(std::ceil(decades / 6)));
    plot_axis axis;
    axis.logarithmic = true;
    std::vector<double> values;
    const int first = int(std::floor(std::log10(low) + 1e-9));
    for (int e = first; values.empty() || values.back() < high * (1 - 1e-9); e += stride) {
        values.push_back(std::pow(10.0, e));
        if (decades > 3) continue;
        values.push_back(2 * values.back());
        values.push_back(2.5 * values.back());
    }
    // Only the tick at or below the lowest value, and the one at or above the highest, frame the rest.
    while (values.size() > 2 && values[1] <= low * (1 + 1e-9)) values.erase(values.begin());
    while (values.size() > 2 && values[values.size() - 2] >= high * (1 - 1e-9)) values.pop_back();
    axis.low = values.front();
    axis.high = values.back();
    for (double value : values) {
        const bool plain = value > 0.9e-3 && value < 1e5;
        axis.ticks.emplace_back(value, general(value, plain ? 5 : 2));
    }
    return axis;
}

/// Epochs and the like: the data fill the axis, ticks are whole numbers where all values are.
inline plot_axis position_axis(double low, double high, bool whole) {
    const double size = std::max(std::abs(low), std::abs(high));
    const bool wide = high - low > size * 1e-9 && high - low > 1e-100;
    double step = wide ? nice_step((high - low) / 8) : std::max(size, 1.0);
    if (whole) step = std::max(step, 1.0);
    plot_axis axis;
    const double first = std::ceil(low / step - 1e-9);
    for (int i = 0; i < 20 && (first + i) * step <= high + 1e-9 * step; ++i) {
        axis.ticks.emplace_back((first + i) * step, tick_text((first + i) * step, step, false));
    }
    axis.low = wide ? low : low - 0.5 * step;
    axis.high = wide ? high : high + 0.5 * step;
    return axis;
}

}  // namespace weft::detail
