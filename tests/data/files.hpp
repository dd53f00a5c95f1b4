#pragma once

#include <zlib.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "weft/core/error.hpp"

namespace weft_test {

/// A folder of its own for one test, removed with all that is in it.
class temporary_folder {
public:
    temporary_folder() {
        static std::atomic<int> count{0};
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
        path_ = std::filesystem::temp_directory_path() /
                ("weft-test-" + std::to_string(now) + "-" + std::to_string(count++));
        if (!std::filesystem::create_directory(path_))
            throw std::runtime_error("no room for " + path_.string());
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    /// Writes a file and returns its path.
    std::filesystem::path write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What a call complains of, or "no error".
template <class Call>
std::string failure(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const weft::error& error) {
        return error.what();
    }
    return "no error";
}

/// One gzip member.
inline std::string gzip(const std::string& plain) {
    z_stream zlib{};
    if (deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    std::string packed(deflateBound(&zlib, uLong(plain.size())) + 64, '\0');
    std::string input = plain;
    zlib.next_in = reinterpret_cast<Bytef*>(input.data());
    zlib.avail_in = uInt(input.size());
    zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
    zlib.avail_out = uInt(packed.size());
    if (deflate(&zlib, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate failed");
    packed.resize(zlib.total_out);
    deflateEnd(&zlib);
    return packed;
}

/// An IDX header: element type code and dimensions.
inline std::string idx_header(unsigned char type, std::initializer_list<std::uint32_t> shape) {
    std::string bytes{'\0', '\0', char(type), char(shape.size())};
    for (const std::uint32_t d : shape)
        bytes += {char(d >> 24 & 0xff), char(d >> 16 & 0xff), char(d >> 8 & 0xff), char(d & 0xff)};
    return bytes;
}

/// The folder with the real data sets, from WEFT_DATA_DIR; empty where there is none.
inline std::filesystem::path data_folder() {
    const char* const folder = std::getenv("WEFT_DATA_DIR");
    return folder == nullptr ? "" : folder;
}

}  // namespace weft_test
