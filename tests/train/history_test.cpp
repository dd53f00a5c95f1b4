#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "../catch.hpp"
#include "weft/train/history.hpp"

namespace {

const double nan_value = std::nan("");

weft::history three_epochs() {
    weft::history h;
    h.push_back({1, 0.5, 0.8, 0.4, 0.85, 1e-3, 2.0, 1000});
    h.push_back({2, 0.25, 0.9, 0.3, 0.91, 1e-3, 2.0, 1000.5});
    h.push_back({3, 0.125, 0.95, 0.35, nan_value, 5e-4, 2.25, 1e9});
    return h;
}

/// A folder that goes away with the test.
struct temporary_folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("weft_history_" + std::to_string(::getpid()));
    temporary_folder() { std::filesystem::create_directories(path); }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    std::string file(const char* name) const { return (path / name).string(); }
};

std::string content(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream{path}.rdbuf();
    return out.str();
}

int count(const std::string& text, const std::string& part) {
    int n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("a history is a sequence of epochs", "[train]") {
    const weft::history h = three_epochs();
    CHECK(h.size() == 3);
    CHECK(!h.empty());
    CHECK(h[1].loss == 0.25);
    CHECK(h.back().epoch == 3);
    int n = 0;
    for (const weft::epoch_record& r : h) n += r.epoch;
    CHECK(n == 6);
    REQUIRE(h.best());
    CHECK(h.best()->epoch == 2);  // by validation loss
    CHECK(!weft::history{}.best());
    weft::history plain;
    plain.push_back({.epoch = 1, .loss = 2.0});
    plain.push_back({.epoch = 2, .loss = 1.0});
    plain.push_back({.epoch = 3, .loss = nan_value});
    CHECK(plain.best()->epoch == 2);
}

TEST_CASE("a history is written as CSV, empty where nothing was measured", "[train]") {
    CHECK(three_epochs().csv() ==
          "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds,samples_per_second\n"
          "1,0.5,0.8,0.4,0.85,0.001,2,1000\n"
          "2,0.25,0.9,0.3,0.91,0.001,2,1000.5\n"
          "3,0.125,0.95,0.35,,0.0005,2.25,1e+09\n");
}

TEST_CASE("a history's files replace what was there, whole", "[train]") {
    const temporary_folder folder;
    const weft::history h = three_epochs();
    std::ofstream{folder.file("h.csv")} << "old";
    h.write_csv(folder.file("h.csv"));
    h.write_svg(folder.file("h.svg"));
    CHECK(content(folder.file("h.csv")) == h.csv());
    CHECK(content(folder.file("h.svg")) == h.svg());
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
        ++files;
        CHECK(entry.path().extension() != ".tmp");
    }
    CHECK(files == 2);
}

TEST_CASE("a history is written to what is there, as other files are", "[train]") {
    const temporary_folder folder;
    const weft::history h = three_epochs();
    std::ofstream{folder.file("target.csv")} << "old";
    std::filesystem::permissions(folder.file("target.csv"), std::filesystem::perms(0600));
    std::filesystem::create_symlink("target.csv", folder.file("link.csv"));
    h.write_csv(folder.file("link.csv"));
    CHECK(std::filesystem::is_symlink(folder.file("link.csv")));
    CHECK(content(folder.file("target.csv")) == h.csv());
    CHECK(std::filesystem::status(folder.file("target.csv")).permissions() == std::filesystem::perms(0600));
    REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    CHECK_THROWS_WITH(h.write_svg(folder.file("fifo")), contains("fifo: this is not a regular file"));
    CHECK(std::filesystem::is_fifo(folder.file("fifo")));
    CHECK_THROWS_WITH(h.write_csv("/dev/null"), contains("this is not a regular file"));
    // What lies where a temporary file could be foreseen is left alone.
    const std::string foreseen = folder.file("h.csv") + "." + std::to_string(::getpid()) + ".tmp";
    std::filesystem::create_symlink("target.csv", foreseen);
    h.write_csv(folder.file("h.csv"));
    CHECK(std::filesystem::is_symlink(foreseen));
    CHECK(!std::filesystem::is_symlink(folder.file("h.csv")));
}

TEST_CASE("a history that cannot be written says so and leaves nothing behind", "[train]") {
    const temporary_folder folder;
    CHECK_THROWS_AS(three_epochs().write_csv(folder.file("none/h.csv")), weft::error);
    std::filesystem::create_directories(folder.path / "taken" / "inside");
    CHECK_THROWS_AS(three_epochs().write_svg(folder.file("taken")), weft::error);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
        CHECK(entry.path().filename() == "taken");
    }
}

TEST_CASE("a history is drawn with a panel for accuracy only where there is one", "[train]") {
    const std::string svg = three_epochs().svg();
    CHECK(count(svg, ">Loss</text>") == 1);
    CHECK(count(svg, ">Accuracy</text>") == 1);
    CHECK(count(svg, ">validation</text>") == 2);
    CHECK(count(svg, ">best validation 0.3000 in epoch 2</text>") == 1);
    CHECK(count(svg, ">best validation 91.00% in epoch 2</text>") == 1);
    weft::history plain;
    plain.push_back({.epoch = 1, .loss = 2.0});
    CHECK(count(plain.svg(), ">Loss</text>") == 1);
    CHECK(count(plain.svg(), "Accuracy") == 0);
    CHECK(count(plain.svg(), "validation") == 0);
    CHECK(count(weft::history{}.svg(), "no values yet") == 1);
}
