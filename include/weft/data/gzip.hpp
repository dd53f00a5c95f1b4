#pragma once
/// gzip by zlib; link with -lz.
///
///     const std::string text = data::read_gzip("iris.csv.gz");

#include <zlib.h>

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "detail/source.hpp"

namespace weft::data {

namespace detail {

/// Unpacks another source on the fly if it starts like gzip, passes it on as it is if not. Error on a
/// truncated or damaged stream, a wrong checksum, or bytes after the end; several members in a row are one
/// stream.
template <class Source>
class gzip_source {
public:
    /// `packed` and `from` outlive it.
    gzip_source(Source& packed, const origin& from) : packed_(packed), from_(from) {
        refill();
        // One byte may arrive alone only at the end of the source, so two decide.
        unpacking_ = starts_member();
        if (!unpacking_) return;
        if (inflateInit2(&zlib_, 15 + 16) != Z_OK) from_.fail({"zlib cannot start"});
    }
    gzip_source(const gzip_source&) = delete;
    gzip_source& operator=(const gzip_source&) = delete;
    ~gzip_source() {
        if (unpacking_) inflateEnd(&zlib_);
    }

    std::size_t read(std::span<unsigned char> out) {
        std::size_t filled = 0;
        while (filled < out.size() && !ended_) {
            if (zlib_.avail_in == 0) refill();
            const auto rest = out.subspan(filled);
            filled += unpacking_ ? unpack(rest) : pass_on(rest);
        }
        return filled;
    }

private:
    bool starts_member() const {
        return zlib_.avail_in >= 2 && zlib_.next_in[0] == 0x1f && zlib_.next_in[1] == 0x8b;
    }
    void refill() {
        zlib_.next_in = buffer_.data();
        zlib_.avail_in = uInt(packed_.read(buffer_));
    }
    std::size_t pass_on(std::span<unsigned char> out) {
        memory_source here({zlib_.next_in, zlib_.avail_in});
        const std::size_t n = here.read(out);
        zlib_.next_in += n;
        zlib_.avail_in -= uInt(n);
        ended_ = n == 0;
        return n;
    }
    std::size_t unpack(std::span<unsigned char> out) {
        constexpr std::size_t most = (std::numeric_limits<uInt>::max)();
        const auto room = uInt(out.size() < most ? out.size() : most);
        const bool starved = zlib_.avail_in == 0;
        zlib_.next_out = out.data();
        zlib_.avail_out = room;
        const int result = inflate(&zlib_, Z_NO_FLUSH);
        const std::size_t n = room - zlib_.avail_out;
        if (result == Z_STREAM_END)
            next_member();
        else if (result == Z_DATA_ERROR)
            from_.fail({"the gzip stream is damaged: ", zlib_.msg != nullptr ? zlib_.msg : "bad data"});
        else if (result != Z_OK && result != Z_BUF_ERROR)
            from_.fail({"zlib failed with code ", std::to_string(result)});
        else if (starved && n == 0)
            from_.fail({"the gzip stream is truncated"});
        return n;
    }
    void next_member() {
        if (zlib_.avail_in < 2) {
            // A member may end right at the end of the buffer: move what is left to the front and read on.
            const unsigned char kept = zlib_.avail_in == 1 ? *zlib_.next_in : 0;
            const std::size_t held = zlib_.avail_in;
            buffer_[0] = kept;
            zlib_.next_in = buffer_.data();
            zlib_.avail_in = uInt(held + packed_.read(std::span(buffer_).subspan(held)));
        }
        if (zlib_.avail_in == 0)
            ended_ = true;
        else if (!starts_member())
            from_.fail({"bytes follow the end of the gzip stream"});
        else if (inflateReset(&zlib_) != Z_OK)
            from_.fail({"zlib cannot start again"});
    }

    Source& packed_;
    const origin& from_;
    std::array<unsigned char, 1 << 15> buffer_{};
    z_stream zlib_{};
    bool unpacking_ = false, ended_ = false;
};

/// A whole source as text, at most `limit` bytes of it.
template <class Source>
std::string read_text(Source& source, const origin& from, std::size_t limit) {
    std::string text;
    read_up_to(source, text, limit);
    unsigned char more = 0;
    if (source.read({&more, 1}) != 0)
        from.fail({"it holds more than ", decimal(limit), " bytes, the most that is accepted (limit)"});
    return text;
}

}  // namespace detail

/// The bytes of a file, unpacked if it is gzip, as they are if not. Error where the file cannot be read, the
/// stream is truncated or damaged, or more than `limit` bytes come out of it.
inline std::string read_gzip(const std::string& path, std::size_t limit = std::size_t{1} << 30) {
    const detail::origin from{"cannot read file", path};
    detail::file_source file(path, from);
    detail::gzip_source unpacked(file, from);
    return detail::read_text(unpacked, from, limit);
}

}  // namespace weft::data
