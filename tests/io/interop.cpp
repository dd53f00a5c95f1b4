/// The half of interop.py that is C++: it runs hidden, with WEFT_INTEROP_DIR, between the script's writing
/// and reading.

#include <cmath>
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

}  // namespace

TEST_CASE("files cross between weft and the safetensors package", "[.interop]") {
    const char* const folder = std::getenv("WEFT_INTEROP_DIR");
    REQUIRE(folder != nullptr);
    const std::filesystem::path here = folder;
    int read = 0;
    for (const auto& entry : std::filesystem::directory_iterator(here)) {
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
    weft::save(narrow, here / "weft_f32.safetensors");
    network<double> wide;
    wide.fill();
    weft::save(wide, here / "weft_f64.safetensors", {{"format", "pt"}, {"tab\t\"quote\"", "\xE2\x82\xAC"}});
}
