/// The half of interop.py that is C++. Run by itself it calls the script, which calls it again with
/// WEFT_INTEROP_DIR set, between its own writing and reading.

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/io/checkpoint.hpp"

namespace {

/// 0.weight [4, 3], 0.bias [4] and scale [], all (i + 1) / 8 with the sign changing: exact in every format.
template <class T>
struct network {
    std::vector<T> weight = std::vector<T>(12), bias = std::vector<T>(4), scale = std::vector<T>(1);

    std::vector<weft::named_tensor<T>> state() {
        return {{"0.weight", {4, 3}, weight}, {"0.bias", {4}, bias}, {"scale", {}, scale}};
    }
    std::vector<weft::named_tensor<const T>> state() const {
        return {{"0.weight", {4, 3}, weight}, {"0.bias", {4}, bias}, {"scale", {}, scale}};
    }
    static T expected(std::size_t i) { return T(i + 1) / 8 * (i % 2 == 0 ? 1 : -1); }
    void fill() {
        for (auto& tensor : state())
            for (std::size_t i = 0; i < tensor.data.size(); ++i) tensor.data[i] = expected(i);
    }
    bool is_filled() {
        for (auto& tensor : state())
            for (std::size_t i = 0; i < tensor.data.size(); ++i)
                if (tensor.data[i] != expected(i)) return false;
        return true;
    }
};

void exchange(const std::filesystem::path& folder) {
    int read = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().rfind("python_", 0) != 0) continue;
        INFO(entry.path());
        network<float> narrow;
        weft::load(narrow, entry.path());
        CHECK(narrow.is_filled());
        network<double> wide;
        weft::load(wide, entry.path());
        CHECK(wide.is_filled());
        ++read;
    }
    CHECK(read > 0);

    network<float> narrow;
    narrow.fill();
    weft::save(narrow, folder / "weft_f32.safetensors");
    network<double> wide;
    wide.fill();
    weft::save(wide, folder / "weft_f64.safetensors", {{"format", "pt"}, {"tab\t\"quote\"", "\xE2\x82\xAC"}});
}

}  // namespace

TEST_CASE("files cross between weft and the safetensors package", "[io][interop]") {
    if (const char* const folder = std::getenv("WEFT_INTEROP_DIR"); folder != nullptr)
        return exchange(folder);

    const auto script = std::filesystem::path(__FILE__).replace_filename("interop.py");
    std::error_code code;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
    if (code || !std::filesystem::exists(script)) {
        WARN("SKIPPED: needs /proc and " << script);
        return;
    }
    const int status = std::system(("python3 '" + script.string() + "' '" + self.string() + "'").c_str());
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127)
        WARN("SKIPPED: needs python3 with safetensors and numpy");
    else
        CHECK(WEXITSTATUS(status) == 0);
}
