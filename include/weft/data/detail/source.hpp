#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "../../core/message.hpp"

namespace weft::data::detail {

using weft::detail::decimal, weft::detail::message, weft::detail::raise_parts;

inline bool exists(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
}

inline bool is_folder(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The path of a file in a folder.
inline std::string inside(const std::string& folder, std::string_view name) {
    return message({folder, folder.empty() || folder.back() == '/' ? "" : "/", name});
}

/// What is being read, for error messages: "cannot read IDX", "train-images-idx3-ubyte".
struct origin {
    std::string_view what;
    std::string where;
    [[noreturn]] void fail(std::initializer_list<std::string_view> why) const {
        raise_parts(what, where, why);
    }
};

/// Bytes in memory, read from front to back. A source's read() fills as much of `out` as it can and returns
/// how much that was; less than asked for means the end.
class memory_source {
public:
    explicit memory_source(std::span<const unsigned char> bytes) : bytes_(bytes) {}
    std::size_t read(std::span<unsigned char> out) {
        const std::size_t n = out.size() < bytes_.size() ? out.size() : bytes_.size();
        if (n > 0) std::memcpy(out.data(), bytes_.data(), n);
        bytes_ = bytes_.subspan(n);
        return n;
    }

private:
    std::span<const unsigned char> bytes_;
};

/// An open std::istream, read from where it stands. A template, so that only who has a stream pays for it.
template <class Stream>
class stream_source {
public:
    stream_source(Stream& stream, const origin& from) : stream_(stream), from_(from) {}
    std::size_t read(std::span<unsigned char> out) {
        if (out.empty()) return 0;
        using count = decltype(stream_.gcount());
        stream_.read(reinterpret_cast<char*>(out.data()), count(out.size()));
        if (stream_.bad()) from_.fail({"reading failed"});
        return std::size_t(stream_.gcount());
    }

private:
    Stream& stream_;
    const origin& from_;
};

/// A file. Error where it is missing, a folder, or cannot be opened.
class file_source {
public:
    /// `from` outlives the source.
    file_source(const std::string& path, const origin& from) : from_(from) {
        if (!exists(path)) from.fail({"there is no such file"});
        if (is_folder(path)) from.fail({"this is a folder, not a file"});
        file_ = std::fopen(path.c_str(), "rb");
        if (file_ == nullptr) from.fail({"it cannot be opened for reading"});
    }
    file_source(const file_source&) = delete;
    file_source& operator=(const file_source&) = delete;
    ~file_source() { std::fclose(file_); }
    std::size_t read(std::span<unsigned char> out) {
        const std::size_t n = std::fread(out.data(), 1, out.size(), file_);
        if (n < out.size() && std::ferror(file_) != 0) from_.fail({"reading failed"});
        return n;
    }

private:
    const origin& from_;
    std::FILE* file_ = nullptr;
};

/// Appends up to `size` bytes of `source` to `out`, growing as they arrive, so that a size that is only
/// claimed costs nothing. Returns how many came.
template <class Source, class Container>
std::size_t read_up_to(Source& source, Container& out, std::size_t size) {
    constexpr std::size_t most = std::size_t{1} << 20;
    const std::size_t start = out.size();
    std::size_t step = std::size_t{1} << 12;
    while (out.size() - start < size) {
        const std::size_t before = out.size(), left = size - (before - start);
        const std::size_t want = step < left ? step : left;
        out.resize(before + want);
        auto* const room = reinterpret_cast<unsigned char*>(out.data()) + before;
        const std::size_t got = source.read({room, want});
        out.resize(before + got);
        if (got < want) break;
        if (step < most) step *= 2;
    }
    return out.size() - start;
}

}  // namespace weft::data::detail
