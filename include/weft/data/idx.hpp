#pragma once
/// Arrays of any type and shape, in MNIST's format.
///
///     const data::idx_array array = data::read_idx("weights-idx2-float");
///     for (std::size_t i = 0; i < array.size(); ++i) std::printf("%g\n", array.number(i));
///     if (array.type == data::idx_type::f32 && data::size_of(array.type) == 4) std::puts("floats");
///     const data::idx_array again = data::parse_idx(array.bytes);

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "detail/source.hpp"

namespace weft::data {

/// The element types of IDX, by their code in the file.
enum class idx_type : std::uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0B, i32 = 0x0C, f32 = 0x0D, f64 = 0x0E };

/// Bytes per element; 0 for a code that IDX does not have. No errors.
constexpr std::size_t size_of(idx_type type) {
    switch (type) {
        case idx_type::u8:
        case idx_type::i8:
            return 1;
        case idx_type::i16:
            return 2;
        case idx_type::i32:
        case idx_type::f32:
            return 4;
        case idx_type::f64:
            return 8;
    }
    return 0;
}

/// The array of one IDX file: `bytes` is row-major over `shape`, in this machine's byte order.
struct idx_array {
    idx_type type = idx_type::u8;
    std::vector<std::size_t> shape;
    std::vector<unsigned char> bytes;

    /// The number of elements.
    std::size_t size() const { return bytes.size() / size_of(type); }
    /// Element `i`, whatever the type; exact for all of them. Error past the end.
    double number(std::size_t i) const {
        if (i >= size())
            weft::detail::raise_parts("cannot take element", weft::detail::decimal(i),
                                      {"the array has ", weft::detail::decimal(size())});
        switch (type) {
            case idx_type::u8:
                return double(bytes[i]);
            case idx_type::i8:
                return double(element<std::int8_t>(i));
            case idx_type::i16:
                return double(element<std::int16_t>(i));
            case idx_type::i32:
                return double(element<std::int32_t>(i));
            case idx_type::f32:
                return double(element<float>(i));
            case idx_type::f64:
                return element<double>(i);
        }
        return 0.0;
    }

private:
    template <class T>
    T element(std::size_t i) const {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        return value;
    }
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline std::string shape_text(const std::vector<std::size_t>& shape) {
    std::string text;
    for (const std::size_t d : shape) text += message({text.empty() ? "" : "x", decimal(d)});
    return text;
}

template <class Source>
std::size_t read_idx_dimension(Source& source, const origin& from, std::size_t index) {
    std::array<unsigned char, 4> raw{};
    if (source.read(raw) != raw.size())
        from.fail({"the file ends within the header, at dimension ", decimal(index)});
    return (std::size_t{raw[0]} << 24) | (std::size_t{raw[1]} << 16) | (std::size_t{raw[2]} << 8) | raw[3];
}

/// IDX from any source, of at most `limit` bytes. The payload grows as it arrives, and no more than one byte
/// past its end is asked for.
template <class Source>
idx_array read_idx_from(Source& source, const origin& from,
                        std::size_t limit = (std::numeric_limits<std::size_t>::max)()) {
    std::array<unsigned char, 4> magic{};
    const std::size_t got = source.read(magic);
    if (got == 0) from.fail({"the file is empty"});
    if (got != magic.size()) from.fail({"the file ends within the header, at the magic number"});
    if (magic[0] != 0 || magic[1] != 0)
        from.fail({"this is no IDX file: it does not start with two zero bytes"});
    idx_array array;
    array.type = idx_type(magic[2]);
    const std::size_t width = size_of(array.type);
    if (width == 0) from.fail({"unknown IDX element type ", decimal(magic[2])});
    if (magic[3] == 0) from.fail({"the array has no dimensions"});
    std::size_t total = width;
    for (std::size_t d = 0; d < magic[3]; ++d) array.shape.push_back(read_idx_dimension(source, from, d));
    // A zero must not hide that the other dimensions overflow.
    bool zero = false;
    for (const std::size_t extent : array.shape) {
        zero = zero || extent == 0;
        const std::size_t factor = extent == 0 ? 1 : extent;
        if (total > (std::numeric_limits<std::size_t>::max)() / 2 / factor)
            from.fail({"the dimensions ", shape_text(array.shape), " overflow"});
        total *= factor;
    }
    if (zero) total = 0;
    if (total > limit)
        from.fail({shape_text(array.shape), " elements of ", decimal(width), " bytes are more than ",
                   decimal(limit), " bytes, the most that is accepted (limit)"});
    const std::size_t arrived = read_up_to(source, array.bytes, total);
    if (arrived != total)
        from.fail({"the file is too short: ", shape_text(array.shape), " elements of ", decimal(width),
                   " bytes need ", decimal(total), ", but ", decimal(arrived), " follow"});
    unsigned char more = 0;
    if (source.read({&more, 1}) != 0)
        from.fail({"the file is too long: bytes follow the last of ", shape_text(array.shape), " elements"});
    if constexpr (std::endian::native == std::endian::little)
        for (std::size_t i = 0; width > 1 && i < array.bytes.size(); i += width)
            for (std::size_t j = 0; j < width / 2; ++j)
                std::swap(array.bytes[i + j], array.bytes[i + width - 1 - j]);
    return array;
}

}  // namespace detail

/// Reads IDX, the format of MNIST, from bytes in memory; `name` stands in error messages. Error unless the
/// bytes are exactly one array: known element type, at least one dimension, nothing missing, nothing after
/// it.
inline idx_array parse_idx(std::span<const unsigned char> bytes, const std::string& name = "<memory>") {
    const detail::origin from{"cannot read IDX", name};
    detail::memory_source source(bytes);
    return detail::read_idx_from(source, from);
}

/// Reads IDX from an open binary std::istream to its end. Errors as parse_idx.
template <class Stream>
requires requires(Stream& stream, char* out) { stream.read(out, stream.gcount()); }
idx_array read_idx(Stream& stream, const std::string& name = "<stream>") {
    const detail::origin from{"cannot read IDX", name};
    detail::stream_source source(stream, from);
    return detail::read_idx_from(source, from);
}

/// Reads a plain IDX file; for a packed one see mnist.hpp. Errors as parse_idx, and where it cannot be read.
inline idx_array read_idx(const std::string& path) {
    const detail::origin from{"cannot read IDX", path};
    detail::file_source source(path, from);
    return detail::read_idx_from(source, from);
}

}  // namespace weft::data
