#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>

#include "../../core/error.hpp"

namespace weft::data::detail {

/// What is being read, for error messages: "cannot read IDX", "train-images-idx3-ubyte".
struct origin {
    std::string what, where;
    [[noreturn]] void fail(const std::string& why) const { raise(what, where, why); }
};

/// Bytes in memory, read from front to back. A source's read() fills as much of `out` as it can and returns
/// how much that was; less than asked for means the end.
class memory_source {
public:
    explicit memory_source(std::span<const unsigned char> bytes) : bytes_(bytes) {}
    std::size_t read(std::span<unsigned char> out) {
        const std::size_t n = std::min(out.size(), bytes_.size());
        if (n > 0) std::memcpy(out.data(), bytes_.data(), n);
        bytes_ = bytes_.subspan(n);
        return n;
    }

private:
    std::span<const unsigned char> bytes_;
};

/// An open stream, read from where it stands.
class stream_source {
public:
    stream_source(std::istream& stream, origin from) : stream_(&stream), from_(std::move(from)) {}
    std::size_t read(std::span<unsigned char> out) {
        if (out.empty()) return 0;
        stream_->read(reinterpret_cast<char*>(out.data()), std::streamsize(out.size()));
        if (stream_->bad()) from_.fail("reading failed");
        return std::size_t(stream_->gcount());
    }

private:
    std::istream* stream_;
    origin from_;
};

/// A file. Error where it is missing, a folder, or cannot be opened.
class file_source {
public:
    file_source(const std::filesystem::path& path, origin from)
        : from_(std::move(from)), file_(open(path, from_)), stream_(file_, from_) {}
    file_source(const file_source&) = delete;
    file_source& operator=(const file_source&) = delete;
    std::size_t read(std::span<unsigned char> out) { return stream_.read(out); }

private:
    static std::ifstream open(const std::filesystem::path& path, const origin& from) {
        std::error_code code;
        const auto status = std::filesystem::status(path, code);
        if (!std::filesystem::exists(status)) from.fail("there is no such file");
        if (std::filesystem::is_directory(status)) from.fail("this is a folder, not a file");
        std::ifstream file(path, std::ios::binary);
        if (!file) from.fail("it cannot be opened for reading");
        return file;
    }

    origin from_;
    std::ifstream file_;
    stream_source stream_;
};

/// Appends up to `size` bytes of `source` to `out`, growing as they arrive, so that a size that is only
/// claimed costs nothing. Returns how many came.
template <class Source, class Container>
std::size_t read_up_to(Source& source, Container& out, std::size_t size) {
    constexpr std::size_t most = std::size_t{1} << 20;
    const std::size_t start = out.size();
    std::size_t step = std::size_t{1} << 12;
    while (out.size() - start < size) {
        const std::size_t before = out.size(), want = std::min(step, size - (before - start));
        out.resize(before + want);
        auto* const room = reinterpret_cast<unsigned char*>(out.data()) + before;
        const std::size_t got = source.read({room, want});
        out.resize(before + got);
        if (got < want) break;
        step = std::min(step * 2, most);
    }
    return out.size() - start;
}

}  // namespace weft::data::detail
