#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/named_tensor.hpp"
#include "detail/atomic_file.hpp"
#include "safetensors_file.hpp"

namespace weft::io {

/// A tensor to be written: `bytes` are its elements, row-major and little-endian.
struct tensor_view {
    std::string name;
    dtype type = dtype::f32;
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;
};

/// A view of a tensor of a model, as F32 or F64.
template <class T>
tensor_view as_tensor_view(const named_tensor<T>& tensor) {
    using number = std::remove_const_t<T>;
    static_assert(std::is_same_v<number, float> || std::is_same_v<number, double>);
    return {tensor.name, std::is_same_v<number, float> ? dtype::f32 : dtype::f64, tensor.shape,
            std::as_bytes(tensor.data)};
}

namespace detail {

inline void check_tensors(const std::vector<tensor_view>& tensors, const std::string& where) {
    std::vector<std::string_view> names;
    for (const tensor_view& tensor : tensors) {
        const std::string start = "tensor '" + json_reader::shortened(tensor.name) + "': ";
        std::uint64_t bytes = 0;
        if (!is_utf8(tensor.name))
            raise("cannot write safetensors", where, "the name of a tensor is not valid UTF-8");
        if (tensor.name == "__metadata__")
            raise("cannot write safetensors", where, start + "the name is reserved");
        if (!checked_bytes(tensor.shape, size_of(tensor.type), bytes) || bytes != tensor.bytes.size())
            raise("cannot write safetensors", where,
                  start + std::string(name_of(tensor.type)) + " " + shape_text(tensor.shape) +
                      " does not take the " + std::to_string(tensor.bytes.size()) + " bytes given");
        names.push_back(tensor.name);
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
        raise("cannot write safetensors", where, "two tensors have the name '" + std::string(*twice) + "'");
}

inline void write_tensor_entry(std::string& out, const tensor_view& tensor, std::uint64_t begin) {
    write_json_string(out, tensor.name);
    out += ":{\"dtype\":\"" + std::string(name_of(tensor.type)) + "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
        out.append(i == 0 ? "" : ",").append(std::to_string(tensor.shape[i]));
    out += "],\"data_offsets\":[" + std::to_string(begin) + "," +
           std::to_string(begin + tensor.bytes.size()) + "]}";
}

/// The first eight bytes and the header, padded so that the data start at a multiple of 8.
inline std::string safetensors_front(const std::vector<tensor_view>& tensors,
                                     const std::map<std::string, std::string>& metadata,
                                     const std::string& where) {
    std::string header = "{";
    if (!metadata.empty()) {
        header += "\"__metadata__\":{";
        for (bool first = true; const auto& [key, value] : metadata) {
            if (!is_utf8(key) || !is_utf8(value))
                raise("cannot write safetensors", where, "the metadata are not valid UTF-8");
            if (!std::exchange(first, false)) header += ',';
            write_json_string(header, key);
            header += ':';
            write_json_string(header, value);
        }
        header += '}';
    }
    std::uint64_t begin = 0;
    for (const tensor_view& tensor : tensors) {
        if (header.size() > 1) header += ',';
        write_tensor_entry(header, tensor, begin);
        begin += tensor.bytes.size();
    }
    header += '}';
    while (header.size() % 8 != 0) header += ' ';
    if (header.size() > safetensors_file::longest_header)
        raise("cannot write safetensors", where, "the names and metadata make the header too long");
    std::string front;
    for (int i = 0; i < 8; ++i) front += char(std::uint64_t(header.size()) >> (8 * i) & 0xFF);
    return front + header;
}

}  // namespace detail

/// Writes a safetensors file in one step (see atomic_file): the old file or the new one is there at any
/// moment. Wider types come first, so that every tensor is aligned, then names in order; equal contents give
/// equal files. Error where the file cannot be written, two tensors share a name, or bytes and shape
/// disagree.
inline void write_safetensors(const std::filesystem::path& path, std::vector<tensor_view> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
    detail::check_tensors(tensors, path.string());
    const auto by_width_and_name = [](const tensor_view& a, const tensor_view& b) {
        if (size_of(a.type) != size_of(b.type)) return size_of(a.type) > size_of(b.type);
        return a.name < b.name;
    };
    std::sort(tensors.begin(), tensors.end(), by_width_and_name);
    const std::string front = detail::safetensors_front(tensors, metadata, path.string());
    detail::atomic_file file(path, "cannot write safetensors");
    file.write(std::as_bytes(std::span(front)));
    for (const tensor_view& tensor : tensors) file.write(tensor.bytes);
    file.commit();
}

/// Writes the tensors of a model.
template <class T>
void write_safetensors(const std::filesystem::path& path, const std::vector<named_tensor<T>>& tensors,
                       const std::map<std::string, std::string>& metadata = {}) {
    std::vector<tensor_view> views;
    for (const auto& tensor : tensors) views.push_back(as_tensor_view(tensor));
    write_safetensors(path, std::move(views), metadata);
}

}  // namespace weft::io
