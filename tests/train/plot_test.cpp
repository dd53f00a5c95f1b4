#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/train/plot.hpp"

using weft::plot_panel;
using weft::plot_series;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Every element is closed and no number is missing.
void check_svg(const std::string& svg) {
    CHECK(svg.rfind("<svg xmlns", 0) == 0);
    CHECK(!contains(svg, "nan"));
    CHECK(!contains(svg, "inf"));
    std::vector<std::string> open;
    for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
        const std::size_t end = svg.find('>', at);
        REQUIRE(end != std::string::npos);
        const std::string tag = svg.substr(at + 1, end - at - 1);
        if (tag.back() == '/') continue;
        if (tag[0] == '/') {
            REQUIRE(!open.empty());
            CHECK(open.back() == tag.substr(1));
            open.pop_back();
        } else {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
    }
    CHECK(open.empty());
}

std::string draw(const std::vector<double>& values, bool log_if_wide = false) {
    plot_series s{"line", {}};
    for (std::size_t i = 0; i < values.size(); ++i) s.points.push_back({double(i + 1), values[i]});
    plot_panel panel{.title = "T", .lines = {s}};
    panel.log_if_wide = log_if_wide;
    return weft::plot_svg({panel});
}

std::vector<std::string> words(const weft::detail::plot_axis& axis) {
    std::vector<std::string> result;
    for (const auto& [value, text] : axis.ticks) result.push_back(text);
    return result;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("axes have round ticks", "[train]") {
    using namespace weft::detail;
    CHECK(words(linear_axis(0.013, 0.241, false)) == strings{"0", "0.05", "0.10", "0.15", "0.20", "0.25"});
    CHECK(words(linear_axis(0.92, 0.995, true)) == strings{"92%", "94%", "96%", "98%", "100%"});
    CHECK(words(linear_axis(-1.0, 1.0, false)) == strings{"-1.0", "-0.5", "0", "0.5", "1.0"});
    CHECK(words(log_axis(0.02, 2.3)) == strings{"0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"});
    CHECK(words(log_axis(1e-6, 1e6)) == strings{"1e-06", "0.0001", "0.01", "1", "100", "10000", "1e+06"});
    CHECK(words(position_axis(1, 1, true)) == strings{"1"});
    CHECK(words(position_axis(1, 3, true)) == strings{"1", "2", "3"});
    CHECK(words(position_axis(1, 40, true)) == strings{"5", "10", "15", "20", "25", "30", "35", "40"});
}

TEST_CASE("axes hold their data", "[train]") {
    for (double low : {-7.3, 0.0, 1e-9, 0.3, 12345.0}) {
        for (double width : {1e-12, 0.01, 1.0, 99.0, 1e7}) {
            const auto axis = weft::detail::linear_axis(low, low + width, false);
            CHECK(axis.low <= low + 1e-5 * width + 1e-9);
            CHECK(axis.high >= low + (1 - 1e-5) * width - 1e-9);
            CHECK(axis.ticks.size() >= 3);
            CHECK(axis.ticks.size() <= 9);
        }
    }
    const auto part = weft::detail::linear_axis(1.0, 1.0, true);
    CHECK(part.high == Approx(1.0));
}

TEST_CASE("a plot survives any numbers", "[train]") {
    const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
    const double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
    for (bool log : {false, true}) {
        for (const std::vector<double>& values : std::vector<std::vector<double>>{{},
                                                                                  {1.0},
                                                                                  {nan},
                                                                                  {nan, nan, inf, -inf},
                                                                                  {1.0, nan, 2.0, inf, 3.0},
                                                                                  {0.0, 0.0, 0.0},
                                                                                  {-0.0, 0.0},
                                                                                  {most, -most},
                                                                                  {9e99, -9e99},
                                                                                  {least, 0.0},
                                                                                  {least, 9e99},
                                                                                  {1e-99, 9e99},
                                                                                  {1.0, 1.0 + 1e-15},
                                                                                  {1e15, 1e15 + 1.0},
                                                                                  {1e-30, 1e-29}}) {
            check_svg(draw(values, log));
        }
    }
    const double positions[][2] = {
        {1e50, 1e50}, {1e20, 1e20 + 1e5}, {-1e99, 1e99}, {0.1, 0.1 + 1e-15}, {0, 1e-300}};
    for (const auto& [a, b] : positions) {
        check_svg(weft::plot_svg({plot_panel{.lines = {{"line", {{a, 1.0}, {b, 2.0}}}}}}));
    }
}

TEST_CASE("a plot escapes its words", "[train]") {
    const std::string svg =
        weft::plot_svg({plot_panel{.title = "a<b & c\x01", .lines = {{"<x>", {{1, 1}, {2, 2}}}}}});
    CHECK(contains(svg, "a&lt;b &amp; c<"));
    CHECK(contains(svg, ">&lt;x&gt;</text>"));
    check_svg(svg);
}

TEST_CASE("a plot breaks a line where a value is missing", "[train]") {
    const std::string svg = draw({1.0, 2.0, std::nan(""), 4.0, 5.0});
    const std::size_t at = svg.find("stroke-linejoin");
    const std::size_t path = svg.rfind("d=\"", at);
    const std::string d = svg.substr(path, svg.find('"', path + 3) - path);
    CHECK(std::count(d.begin(), d.end(), 'M') == 2);
    CHECK(std::count(d.begin(), d.end(), 'L') == 2);
}

TEST_CASE("labels of lines that end together do not overlap", "[train]") {
    plot_panel panel;
    for (int i = 0; i < 3; ++i) panel.lines.push_back({"l", {{1, 0.0}, {2, 1.0 + 1e-3 * i}}});
    const std::string svg = weft::plot_svg({panel});
    std::vector<double> y;
    for (std::size_t at = svg.find("font-weight=\"bold\">1."); at != std::string::npos;
         at = svg.find("font-weight=\"bold\">1.", at + 1)) {
        y.push_back(std::stod(svg.substr(svg.rfind("y=\"", at) + 3)));
    }
    REQUIRE(y.size() == 3);
    CHECK(std::abs(y[1] - y[0]) >= 14.9);
    CHECK(std::abs(y[2] - y[1]) >= 14.9);
}

TEST_CASE("numbers are short text, whatever their size", "[train]") {
    using namespace weft::detail;
    CHECK(short_number(0.01234567) == "0.0123");
    CHECK(short_number(2.302585) == "2.3026");
    CHECK(short_number(123.456) == "123.46");
    CHECK(short_number(1.25e-7) == "1.25e-07");
    CHECK(short_number(0) == "0");
    CHECK(short_number(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(time_text(9.84) == "9.8 s");
    CHECK(time_text(59.97) == "1:00");
    CHECK(time_text(67.4) == "1:07");
    CHECK(time_text(7439) == "2:03:59");
    CHECK(time_text(std::nan("")) == "?");
    CHECK(count_text(7.12) == "7.1");
    CHECK(count_text(834) == "834");
    CHECK(count_text(12345) == "12.3k");
    CHECK(count_text(4.56e6) == "4.56M");
    CHECK(count_text(999999) == "1.00M");
    CHECK(percent_text(0.98712) == "98.71%");
}
