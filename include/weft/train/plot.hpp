#pragma once
/// Lines against axes, as SVG. No errors.
///
///     plot_series squares{"squares", {}};
///     for (int x = 0; x < 10; ++x) squares.points.push_back(plot_point{double(x), double(x * x)});
///     const plot_panel panel{.title = "Growth", .lines = {squares}, .x_label = "x"};
///     const std::string svg = plot_svg({panel});

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "detail/plot_axis.hpp"
#include "detail/text.hpp"

namespace weft {

/// A point of a line.
struct plot_point {
    double x, y;
    /// Whether it can be drawn: numbers up to 1e100 can.
    bool finite() const { return std::abs(x) < 1e100 && std::abs(y) < 1e100; }
};

/// One line of a plot. Points that are not finite leave a gap.
struct plot_series {
    std::string name;
    std::vector<plot_point> points;

    /// Whether there is anything to draw.
    bool has_points() const {
        for (const plot_point& p : points) {
            if (p.finite()) return true;
        }
        return false;
    }
};

/// One pair of axes with lines.
struct plot_panel {
    std::string title = {};
    std::vector<plot_series> lines = {};
    std::string x_label = {};
    std::string note = {};     ///< small, beside the title
    bool percent = false;      ///< y is a part of 1, written as a percentage
    bool log_if_wide = false;  ///< a logarithmic y axis where positive values span a factor of 30 or more
};

namespace detail {

/// Draws panels side by side into SVG text.
class plot_writer {
public:
    explicit plot_writer(std::size_t panels) {
        const std::string width = fixed(panel_width * double(std::max<std::size_t>(panels, 1)), 0);
        const std::string height = fixed(panel_height, 0);
        out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"" + width + "\" height=\"" +
               height + "\" viewBox=\"0 0 " + width + " " + height +
               "\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\" "
               "font-size=\"12\">\n"
               "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    }

    std::string finish() { return out_ + "</svg>\n"; }

    void draw(const plot_panel& panel, double x_offset) {
        out_ += "<g transform=\"translate(" + fixed(x_offset, 0) + ",0)\">\n";
        shown_.clear();
        for (const plot_series& s : panel.lines) {
            if (s.has_points()) shown_.push_back(&s);
        }
        choose_axes(panel);
        draw_title(panel);
        if (shown_.empty()) {
            text((left + right) / 2, (top + bottom) / 2, "no values yet", "#767676", "middle");
        } else {
            draw_legend();
            draw_axes(panel);
            for (std::size_t i = 0; i < shown_.size(); ++i) draw_line(*shown_[i], i);
            draw_last_values(panel);
        }
        out_ += "</g>\n";
    }

    static constexpr double panel_width = 480, panel_height = 340;

private:
    static constexpr double left = 62, right = panel_width - 70, top = 74, bottom = panel_height - 52;

    // Okabe and Ito's colours, which most colour-blind readers tell apart, in an order of dark on white.
    static const char* colour(std::size_t i) {
        static constexpr const char* colours[] = {"#0072b2", "#d55e00", "#007a5a", "#a8507f", "#6b6b6b"};
        return colours[i % 5];
    }
    static std::string escaped(const std::string& text) {
        std::string out;
        for (char c : text) {
            switch (c) {
                case '&':
                    out += "&amp;";
                    break;
                case '<':
                    out += "&lt;";
                    break;
                case '>':
                    out += "&gt;";
                    break;
                default:
                    if (static_cast<unsigned char>(c) >= 0x20) out += c;
            }
        }
        return out;
    }

    void text(double x, double y, const std::string& words, const char* fill, const char* anchor,
              const std::string& more = "") {
        out_ += "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" fill=\"" + fill + "\"";
        if (*anchor) out_ += " text-anchor=\"" + std::string(anchor) + "\"";
        out_ += more + ">" + escaped(words) + "</text>\n";
    }
    void rule(double x1, double y1, double x2, double y2, const char* stroke) {
        out_ += "<path d=\"M" + fixed(x1, 1) + " " + fixed(y1, 1) + "L" + fixed(x2, 1) + " " + fixed(y2, 1) +
                "\" stroke=\"" + stroke + "\" fill=\"none\"/>\n";
    }
    /// The first line's marks are full, the others hollow, so that they differ without colour.
    void mark(double x, double y, std::size_t index) {
        out_ += "<circle cx=\"" + fixed(x, 1) + "\" cy=\"" + fixed(y, 1) + "\" r=\"3.2\" fill=\"" +
                (index == 0 ? colour(index) : "#ffffff") + "\" stroke=\"" + colour(index) +
                "\" stroke-width=\"1.6\"/>\n";
    }

    /// A little air on both sides keeps marks off the axis.
    double x_of(double x) const { return x_.pixel(x, left + 8, right - 8); }

    void choose_axes(const plot_panel& panel) {
        double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
        bool whole = true;
        for (const plot_series* s : shown_) {
            for (const plot_point& p : s->points) {
                if (!p.finite()) continue;
                whole = whole && p.x == std::round(p.x);
                x_low = std::min(x_low, p.x);
                x_high = std::max(x_high, p.x);
                y_low = std::min(y_low, p.y);
                y_high = std::max(y_high, p.y);
            }
        }
        if (shown_.empty()) return;
        x_ = position_axis(x_low, x_high, whole);
        const bool wide = panel.log_if_wide && y_low > 1e-100 && y_high / y_low >= 30;
        y_ = wide ? log_axis(y_low, y_high) : linear_axis(y_low, y_high, panel.percent);
    }

    void draw_title(const plot_panel& panel) {
        out_ += "<text x=\"" + fixed(left, 1) +
                "\" y=\"30\" fill=\"#1a1a1a\" font-size=\"16\" font-weight=\"bold\">" + escaped(panel.title);
        if (!shown_.empty() && y_.logarithmic) {
            out_ +=
                "<tspan font-size=\"12\" font-weight=\"normal\" fill=\"#5f5f5f\" dx=\"8\">log scale</tspan>";
        }
        out_ += "</text>\n";
        if (!panel.note.empty()) text(right, 30, panel.note, "#5f5f5f", "end");
    }

    void draw_legend() {
        double x = left;
        for (std::size_t i = 0; i < shown_.size(); ++i) {
            out_ += "<path d=\"M" + fixed(x, 1) + " 50h22\" stroke=\"" + colour(i) +
                    "\" stroke-width=\"2.2\"/>\n";
            mark(x + 11, 50, i);
            text(x + 28, 54, shown_[i]->name, "#333333", "");
            x += 28 + 6.6 * double(shown_[i]->name.size()) + 22;
        }
    }

    void draw_axes(const plot_panel& panel) {
        for (const auto& [value, words] : y_.ticks) {
            const double y = y_.pixel(value, bottom, top);
            rule(left, y, right, y, "#e4e4e4");
            text(left - 9, y + 4, words, "#5f5f5f", "end");
        }
        rule(left, bottom, right, bottom, "#8c8c8c");
        for (const auto& [value, words] : x_.ticks) {
            const double x = x_of(value);
            rule(x, bottom, x, bottom + 5, "#8c8c8c");
            text(x, bottom + 19, words, "#5f5f5f", "middle");
        }
        text((left + right) / 2, bottom + 39, panel.x_label, "#333333", "middle");
    }

    void draw_line(const plot_series& s, std::size_t index) {
        std::string path, marks;
        std::size_t count = 0;
        for (const plot_point& p : s.points) count += p.finite();
        bool joined = false;
        for (const plot_point& p : s.points) {
            if (p.finite()) {
                path +=
                    (joined ? "L" : "M") + fixed(x_of(p.x), 1) + " " + fixed(y_.pixel(p.y, bottom, top), 1);
            }
            joined = p.finite();
        }
        out_ += "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + colour(index) +
                "\" stroke-width=\"2.2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n";
        for (std::size_t i = 0; i < s.points.size(); ++i) {
            const plot_point& p = s.points[i];
            if (!p.finite()) continue;
            const bool before = i > 0 && s.points[i - 1].finite();
            const bool after = i + 1 < s.points.size() && s.points[i + 1].finite();
            // Long lines are marked only where a run of them ends.
            if (count <= 30 || !after || (!before && !after)) {
                mark(x_of(p.x), y_.pixel(p.y, bottom, top), index);
            }
        }
    }

    void draw_last_values(const plot_panel& panel) {
        struct label {
            double y;
            std::string words;
            std::size_t index;
            bool operator<(const label& other) const { return y < other.y; }
        };
        std::vector<label> labels;
        for (std::size_t i = 0; i < shown_.size(); ++i) {
            double last = 0;
            for (const plot_point& p : shown_[i]->points) {
                if (p.finite()) last = p.y;
            }
            labels.push_back(
                {y_.pixel(last, bottom, top), panel.percent ? percent_text(last) : short_number(last), i});
        }
        std::stable_sort(labels.begin(), labels.end());
        // Labels stand fifteen pixels apart: pushed down from above, then up from the bottom.
        for (std::size_t i = 1; i < labels.size(); ++i)
            labels[i].y = std::max(labels[i].y, labels[i - 1].y + 15);
        double floor = bottom;
        for (std::size_t i = labels.size(); i-- > 0; floor = labels[i].y - 15) {
            labels[i].y = std::min(labels[i].y, floor);
        }
        for (const label& l : labels) {
            text(right + 10, l.y + 4, l.words, colour(l.index), "", " font-weight=\"bold\"");
        }
    }

    std::string out_;
    std::vector<const plot_series*> shown_;
    plot_axis x_, y_;
};

}  // namespace detail

/// An SVG image of the panels side by side, each 480 by 340 pixels: axes, a legend, and each line's last
/// value beside it. Lines without a finite point are left out.
inline std::string plot_svg(const std::vector<plot_panel>& panels) {
    detail::plot_writer writer{panels.size()};
    for (std::size_t i = 0; i < panels.size(); ++i) {
        writer.draw(panels[i], double(i) * detail::plot_writer::panel_width);
    }
    return writer.finish();
}

}  // namespace weft
