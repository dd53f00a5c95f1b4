#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tensor_info.hpp"

namespace weft::io {

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian, and so must the machine be");

/// A safetensors file open for reading. The header is read and checked at once (see
/// parse_safetensors_header), the tensors when they are asked for.
class safetensors_file {
public:
    /// Headers longer than this are refused, as in the format's own implementation.
    static constexpr std::uint64_t longest_header = 100'000'000;

    /// Error where the file cannot be read or is not strictly a safetensors file.
    explicit safetensors_file(const std::filesystem::path& path) : where_(path.string()) { open(path); }

    /// In the order of their data.
    const std::vector<tensor_info>& tensors() const { return header_.tensors; }
    const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
    /// The tensor of that name, or nullptr.
    const tensor_info* find(std::string_view name) const {
        for (const tensor_info& info : header_.tensors)
            if (info.name == name) return &info;
        return nullptr;
    }

    /// Copies the bytes of a tensor of this file as they are; `out` is as long as they are.
    void read_bytes(const tensor_info& tensor, std::span<std::byte> out) {
        if (out.size() != tensor.end - tensor.begin) fail(tensor, "the room for it has another size");
        read_at(tensor, 0, out);
    }

    /// Reads a tensor of this file as float or double: F64, F32, F16 or BF16, converted. Error for other
    /// types, where `out` has not as many elements, or where a finite number is too large for T.
    template <class T>
    void read(const tensor_info& tensor, std::span<T> out) {
        static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
        if (!is_real(tensor.type)) fail(tensor, std::string(name_of(tensor.type)) + " cannot become numbers");
        if (out.size() != tensor.elements()) fail(tensor, "the room for it has another size");
        const std::size_t width = size_of(tensor.type), per_chunk = chunk_.size() / width;
        for (std::size_t done = 0; done < out.size();) {
            const std::size_t count = std::min(per_chunk, out.size() - done);
            read_at(tensor, done * width, std::span<std::byte>(chunk_).first(count * width));
            for (std::size_t i = 0; i < count; ++i) out[done + i] = number<T>(tensor, i, done + i);
            done += count;
        }
    }

    [[noreturn]] void fail(const std::string& why) const { raise("cannot read safetensors", where_, why); }
    [[noreturn]] void fail(const tensor_info& tensor, const std::string& why) const {
        fail("tensor '" + detail::json_reader::shortened(tensor.name) + "': " + why);
    }

private:
    void open(const std::filesystem::path& path) {
        std::error_code code;
        const auto status = std::filesystem::status(path, code);
        if (!std::filesystem::exists(status)) fail("there is no such file");
        if (!std::filesystem::is_regular_file(status)) fail("this is not a regular file");
        file_.open(path, std::ios::binary);
        if (!file_) fail("it cannot be opened for reading");
        file_.seekg(0, std::ios::end);
        const auto end = file_.tellg();
        if (end < 0) fail("its size cannot be found");
        const auto size = std::uint64_t(end);
        if (size < 8) fail("the file has " + std::to_string(size) + " bytes; 8 is the least");
        std::array<unsigned char, 8> raw{};
        file_.seekg(0);
        file_.read(reinterpret_cast<char*>(raw.data()), raw.size());
        std::uint64_t length = 0;
        for (std::size_t i = 8; i-- > 0;) length = length << 8 | raw[i];
        if (!file_) fail("reading failed");
        if (length > size - 8)
            fail("a header of " + std::to_string(length) + " bytes does not fit in a file of " +
                 std::to_string(size));
        if (length > longest_header) fail("a header of " + std::to_string(length) + " bytes is too long");
        std::string text(std::size_t(length), '\0');
        file_.read(text.data(), std::streamsize(length));
        if (!file_) fail("reading failed");
        data_start_ = 8 + length;
        header_ = parse_safetensors_header(text, size - data_start_, where_);
    }
    void read_at(const tensor_info& tensor, std::uint64_t offset, std::span<std::byte> out) {
        if (out.empty()) return;
        file_.clear();
        file_.seekg(std::streamoff(data_start_ + tensor.begin + offset));
        file_.read(reinterpret_cast<char*>(out.data()), std::streamsize(out.size()));
        if (!file_) fail(tensor, "reading its data failed");
    }
    template <class Raw>
    Raw raw(std::size_t i) const {
        Raw value;
        std::memcpy(&value, chunk_.data() + i * sizeof(Raw), sizeof(Raw));
        return value;
    }
    template <class T>
    T number(const tensor_info& tensor, std::size_t i, std::size_t element) const {
        if (tensor.type == dtype::f32) return T(raw<float>(i));
        if (tensor.type == dtype::f16) return T(half_to_float(raw<std::uint16_t>(i)));
        if (tensor.type == dtype::bf16) return T(bfloat16_to_float(raw<std::uint16_t>(i)));
        const auto wide = raw<double>(i);
        if (std::isfinite(wide) && std::abs(wide) > double(std::numeric_limits<T>::max()))
            fail(tensor, "element " + std::to_string(element) + " is too large for float");
        return T(wide);
    }

    std::string where_;
    std::ifstream file_;
    safetensors_header header_;
    std::uint64_t data_start_ = 0;
    std::vector<std::byte> chunk_ = std::vector<std::byte>(1 << 16);
};

}  // namespace weft::io
