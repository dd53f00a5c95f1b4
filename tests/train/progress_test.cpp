#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "weft/train/progress.hpp"

namespace {

double now = 0;
double fake_clock() { return now; }

/// A stream into a file that has no name.
struct captured {
    std::FILE* file = std::tmpfile();
    captured() {
        REQUIRE(file);
        now = 1000;
    }
    ~captured() { std::fclose(file); }
    captured(const captured&) = delete;
    captured& operator=(const captured&) = delete;

    weft::progress_options options(weft::progress_style style, int width = 80) {
        return {.style = style, .stream = file, .width = width, .clock = &fake_clock};
    }
    std::string text() {
        std::string result;
        std::rewind(file);
        for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) result += char(c);
        return result;
    }
};

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts{""};
    for (char c : text) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::string stripped(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace

TEST_CASE("a file gets a plain line per epoch", "[train]") {
    captured out;
    weft::progress_line progress{2, 100, out.options(weft::progress_style::automatic)};  // no terminal: a log
    for (int epoch = 1; epoch <= 2; ++epoch) {
        for (int batch = 1; batch <= 100; ++batch) {
            now += 0.05;
            progress.update(batch, batch * 64, 0.5, 0.8);
        }
        progress.end_epoch({epoch, 0.25, 0.9, 0.3, 0.9123, 1e-3, 5.0, 1280});
    }
    CHECK(out.text() ==
          "epoch 1/2  loss 0.2500  accuracy 90.00%  validation 0.3000, 91.23%   5.0 s  1.28k samples/s   5.0 "
          "s left\n"
          "epoch 2/2  loss 0.2500  accuracy 90.00%  validation 0.3000, 91.23%   5.0 s  1.28k samples/s\n");
}

TEST_CASE("a file gets at most one line in 30 seconds within an epoch", "[train]") {
    captured out;
    weft::progress_line progress{1, 1000, out.options(weft::progress_style::log)};
    for (int batch = 1; batch <= 1000; ++batch) {
        now += 0.1;
        progress.update(batch, batch * 10, 0.5);
    }
    const auto lines = split(out.text(), '\n');
    REQUIRE(lines.size() == 4);  // at 30, 60 and 90 seconds, and nothing after the last end of line
    CHECK(lines[0] == "epoch 1/1  batch  300/1000  loss 0.5000    100 samples/s    1:10 left");
    CHECK(lines[3].empty());
    CHECK(out.text().find('\r') == std::string::npos);
    CHECK(out.text().find('\x1b') == std::string::npos);
}

TEST_CASE("a terminal gets one line that is redrawn ten times a second", "[train]") {
    captured out;
    {
        weft::progress_line progress{3, 200, out.options(weft::progress_style::terminal, 100)};
        for (int batch = 1; batch <= 200; ++batch) {
            now += 0.01;
            progress.update(batch, batch * 64, 1.0 / batch, batch / 200.0);
        }
        CHECK(out.text().find('\n') == std::string::npos);
        const auto drawn = split(out.text(), '\r');
        CHECK(drawn.size() >= 19);
        CHECK(drawn.size() <= 22);
        for (const auto& line : drawn) CHECK(line.size() <= 99);
        CHECK(drawn.back().find("epoch 1/3 [==") == 0);
        CHECK(drawn.back().find("  loss 0.00") != std::string::npos);
        CHECK(drawn.back().find("  6.40k samples/s") != std::string::npos);
        CHECK(drawn.back().find(" left") != std::string::npos);
        progress.end_epoch({1, 0.25, 0.9});
        CHECK(split(out.text(), '\r').back().find("epoch 1/3  loss 0.2500  accuracy 90.00%") == 0);
        CHECK(out.text().back() == '\n');
    }
    CHECK(split(out.text(), '\n').size() == 2);
}

TEST_CASE("what stood on the line before is erased", "[train]") {
    captured out;
    weft::progress_line progress{1, 10, out.options(weft::progress_style::terminal, 120)};
    now += 1;
    progress.update(1, 100, 123.456, 0.5);
    now += 1;
    progress.update(2, 2, 0, 0.5);
    const auto drawn = split(out.text(), '\r');
    REQUIRE(drawn.size() == 3);
    CHECK(stripped(drawn[2]).size() <= stripped(drawn[1]).size());
    CHECK(drawn[2].size() >= stripped(drawn[1]).size());
    progress.end_epoch({.epoch = 1, .loss = 1.0});
    const std::string last = split(split(out.text(), '\r').back(), '\n')[0];
    CHECK(last.size() >= stripped(drawn[2]).size());
    CHECK(stripped(last) == "epoch 1/1  loss 1.0000");
}

TEST_CASE("the line of an epoch drops what a narrow terminal cannot hold", "[train]") {
    const weft::epoch_record record{1, 0.25, 0.9, 0.3, 0.9123, 1e-3, 5.0, 1280};
    for (auto [width, expected] : {std::pair{20, "91.23%\n"}, std::pair{80, "91.23%   5.0 s\n"},
                                   std::pair{95, " samples/s\n"}, std::pair{120, " left\n"}}) {
        captured out;
        weft::progress_line progress{2, 10, out.options(weft::progress_style::terminal, width)};
        progress.end_epoch(record);
        INFO(out.text());
        const std::string text = out.text(), end = expected;
        CHECK(text.compare(text.size() - end.size(), end.size(), end) == 0);
    }
}

TEST_CASE("the line fits any width", "[train]") {
    for (int width = 1; width <= 140; ++width) {
        captured out;
        weft::progress_line progress{100, 1000, out.options(weft::progress_style::terminal, width)};
        now += 20;
        progress.update(500, 32000, 0.123, 0.9);
        const auto drawn = split(out.text(), '\r');
        INFO(width);
        CHECK(drawn.back().size() <= std::size_t(width - 1));
        if (width > 32) CHECK(drawn.back().find("loss 0.1230") != std::string::npos);
        if (width >= 80) CHECK(drawn.back().find("=>") != std::string::npos);
        if (width >= 85) CHECK(drawn.back().find("500/1000") != std::string::npos);
        if (width > 110) CHECK(drawn.back().find("samples/s") != std::string::npos);
    }
}

TEST_CASE("an interrupted line is left behind with its end", "[train]") {
    captured out;
    {
        weft::progress_line progress{1, 10, out.options(weft::progress_style::terminal)};
        now += 1;
        progress.update(5, 50, 0.5);
    }
    CHECK(out.text().back() == '\n');
    captured none;
    { weft::progress_line progress{1, 10, none.options(weft::progress_style::terminal)}; }
    CHECK(none.text().empty());
}

TEST_CASE("silent progress says nothing", "[train]") {
    captured out;
    weft::progress_line progress{1, 10, out.options(weft::progress_style::silent)};
    now += 100;
    progress.update(5, 50, 0.5);
    progress.end_epoch({.epoch = 1});
    CHECK(out.text().empty());
}

TEST_CASE("the time left counts from the epoch where training went on", "[train]") {
    captured out;
    weft::progress_line progress{10, 100, out.options(weft::progress_style::log), 9};
    now += 60;
    progress.update(50, 100, 0.5);  // a quarter of what is left
    CHECK(out.text().find("epoch  9/10") == 0);
    CHECK(out.text().find("  3:00 left") != std::string::npos);
}

TEST_CASE("progress survives senseless numbers", "[train]") {
    captured out;
    for (auto style : {weft::progress_style::terminal, weft::progress_style::log}) {
        weft::progress_line progress{0, 0, out.options(style)};
        now += 100;
        progress.update(5, 50, std::nan(""), INFINITY);
        progress.update(-5, -50, -INFINITY);
        progress.end_epoch({});
        now += 100;
        progress.update(1, 1, 1e300, -1e300);
    }
    CHECK(out.text().find("loss nan") != std::string::npos);
}
