#pragma once
///     io::safetensors_file file("one.safetensors");
///     for (const io::tensor_info& tensor : file.tensors()) std::puts(tensor.name.c_str());
///     if (const io::tensor_info* weight = file.find("weight")) {
///         std::vector<float> numbers(weight->elements());
///         file.read<float>(*weight, numbers);
///     }
///     const std::string* maker = file.find_metadata("made by");

#include <sys/stat.h>
#include <sys/types.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../core/float16.hpp"
#include "tensor_info.hpp"

namespace weft::io {

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian, and so must the machine be");

namespace detail {

struct close_file {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace detail

/// A safetensors file open for reading. The header is read and checked at once (see
/// parse_safetensors_header), the tensors when they are asked for.
class safetensors_file {
public:
    /// Headers longer than this are refused, as in the format's own implementation.
    static constexpr std::uint64_t longest_header = 100'000'000;

    /// Error where the file cannot be read or is not strictly a safetensors file.
    explicit safetensors_file(const std::string& path) : where_(path) {
        open();
        read_header();
    }

    /// In the order of their data.
    const std::vector<tensor_info>& tensors() const { return header_.tensors; }
    /// In the order of the file.
    const metadata_entries& metadata() const { return header_.metadata; }
    /// The text of that key in the metadata, or nullptr.
    const std::string* find_metadata(std::string_view key) const {
        return weft::find_metadata(header_.metadata, key);
    }
    /// The tensor of that name, or nullptr.
    const tensor_info* find(std::string_view name) const {
        for (const tensor_info& info : header_.tensors)
            if (info.name == name) return &info;
        return nullptr;
    }

    /// Copies the bytes of a tensor of this file as they are; `out` is as long as they are.
    void read_bytes(const tensor_info& tensor, std::span<std::byte> out) {
        if (out.size() != tensor.end - tensor.begin) fail(tensor, {"the room for it has another size"});
        read_at(tensor, 0, out.data(), out.size());
    }

    /// Reads a tensor of this file as float or double: F64, F32, F16 or BF16, converted. Error for other
    /// types, where `out` has not as many elements, or where a finite number is too large for T.
    template <class T>
    void read(const tensor_info& tensor, std::span<T> out) {
        static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
        if (!is_real(tensor.type)) fail(tensor, {name_of(tensor.type), " cannot become numbers"});
        if (out.size() != tensor.elements()) fail(tensor, {"the room for it has another size"});
        const std::size_t width = size_of(tensor.type), per_chunk = chunk_.size() / width;
        for (std::size_t done = 0; done < out.size();) {
            const std::size_t left = out.size() - done, count = left < per_chunk ? left : per_chunk;
            read_at(tensor, done * width, chunk_.data(), count * width);
            for (std::size_t i = 0; i < count; ++i) out[done + i] = number<T>(tensor, i, done + i);
            done += count;
        }
    }

    /// Raises an error about this file; `why` comes in parts.
    [[noreturn]] void fail(std::initializer_list<std::string_view> why) const {
        weft::detail::raise_parts("cannot read safetensors", where_, why);
    }
    /// Raises an error about one tensor of this file.
    [[noreturn, gnu::cold, gnu::noinline]] void fail(const tensor_info& tensor,
                                                     std::initializer_list<std::string_view> why) const {
        fail({"tensor '", detail::json_reader::shortened(tensor.name), "': ", detail::message(why)});
    }

private:
    using decimal = weft::detail::decimal;

    void open() {
        struct stat status {};
        if (::stat(where_.c_str(), &status) != 0) fail({"there is no such file"});
        if (!S_ISREG(status.st_mode)) fail({"this is not a regular file"});
        file_.reset(std::fopen(where_.c_str(), "rb"));
        if (file_ == nullptr) fail({"it cannot be opened for reading"});
        // Else bytes that were in the file when its header was read would stand for what is there now.
        std::setvbuf(file_.get(), nullptr, _IONBF, 0);
        const ::off_t end = ::fseeko(file_.get(), 0, SEEK_END) == 0 ? ::ftello(file_.get()) : -1;
        if (end < 0) fail({"its size cannot be found"});
        size_ = std::uint64_t(end);
        if (size_ < 8) fail({"the file has ", decimal(size_), " bytes; 8 is the least"});
    }
    void read_header() {
        unsigned char raw[8];
        if (!read_from(0, raw, sizeof raw)) fail({"reading failed"});
        std::uint64_t length = 0;
        for (std::size_t i = 8; i-- > 0;) length = length << 8 | raw[i];
        if (length > size_ - 8 || length > longest_header)
            refuse_other_formats({reinterpret_cast<const char*>(raw), sizeof raw});
        if (length > size_ - 8)
            fail({"a header of ", decimal(length), " bytes does not fit in a file of ", decimal(size_)});
        if (length > longest_header) fail({"a header of ", decimal(length), " bytes is too long"});
        std::string text(std::size_t(length), '\0');
        if (!read_from(8, text.data(), text.size())) fail({"reading failed"});
        data_start_ = 8 + length;
        header_ = parse_safetensors_header(text, size_ - data_start_, where_);
    }
    /// What else holds weights, by its first bytes. Taken for a length they are beyond all files.
    void refuse_other_formats(std::string_view first) const {
        constexpr const char* torch =
            ": in Python, safetensors.torch.save_file(model.state_dict(), path) writes what can be read here";
        if (first.starts_with("PK\x03\x04"))
            fail({"this is a zip archive, as torch.save writes (.pt, .pth)", torch});
        if (first.starts_with("\x80\x02\x8a\x0a"))
            fail({"this is a pickle, as torch.save wrote before 1.6 (.pt, .pth)", torch});
        if (first.starts_with("\x89HDF"))
            fail(
                {"this is HDF5, as Keras writes (.h5): in Python, safetensors.numpy.save_file({name: array}, "
                 "path) writes what can be read here"});
    }
    bool read_from(std::uint64_t offset, void* out, std::size_t size) {
        return ::fseeko(file_.get(), ::off_t(offset), SEEK_SET) == 0 &&
               std::fread(out, 1, size, file_.get()) == size;
    }
    void read_at(const tensor_info& tensor, std::uint64_t offset, void* out, std::size_t size) {
        if (size > 0 && !read_from(data_start_ + tensor.begin + offset, out, size))
            fail(tensor, {"reading its data failed"});
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
        if (tensor.type == dtype::f16) return T(float(raw<float16>(i)));
        if (tensor.type == dtype::bf16) return T(float(raw<bfloat16>(i)));
        const auto wide = raw<double>(i);
        if (std::isfinite(wide) && std::abs(wide) > double((std::numeric_limits<T>::max)()))
            fail(tensor, {"element ", decimal(element), " is too large for float"});
        return T(wide);
    }

    std::string where_;
    std::unique_ptr<std::FILE, detail::close_file> file_;
    safetensors_header header_;
    std::uint64_t size_ = 0, data_start_ = 0;
    /// Bytes on their way to becoming numbers.
    std::string chunk_ = std::string(std::size_t{1} << 16, '\0');
};

}  // namespace weft::io
