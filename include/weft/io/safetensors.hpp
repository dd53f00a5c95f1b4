#pragma once
/// Any tensors, by name.
///
///     const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
///     const io::tensor_view weight{"weight", io::dtype::f32, {2, 3}, std::as_bytes(std::span(numbers))};
///     io::write_safetensors("one.safetensors", {weight}, {{"made by", "hand"}});
///     model<net, cpu> model{seed{1}};
///     const io::tensor_view first = io::as_tensor_view(model.state().front());

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/atomic_file.hpp"
#include "../core/named_tensor.hpp"
#include "safetensors_file.hpp"

namespace weft::io {

/// A tensor to be written: `bytes` are its elements, row-major and little-endian.
struct tensor_view {
    std::string name;
    dtype type = dtype::f32;
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;
};

/// A view of a tensor of a model, as F32 or F64. Does not compile for other numbers than float and double.
template <class T>
tensor_view as_tensor_view(named_tensor<T> tensor) {
    using number = std::remove_const_t<T>;
    static_assert(std::is_same_v<number, float> || std::is_same_v<number, double>);
    return {std::move(tensor.name), std::is_same_v<number, float> ? dtype::f32 : dtype::f64,
            std::move(tensor.shape), std::as_bytes(tensor.data)};
}

namespace detail {

[[noreturn]] inline void fail_to_write(std::string_view where, std::initializer_list<std::string_view> why) {
    raise_parts("cannot write safetensors", where, why);
}

inline void check_names(const std::vector<tensor_view>& tensors, const std::string& where) {
    std::vector<sort_key> names;
    for (const tensor_view& tensor : tensors) {
        if (!is_utf8(tensor.name)) fail_to_write(where, {"the name of a tensor is not valid UTF-8"});
        if (tensor.name == "__metadata__")
            fail_to_write(where, {"tensor '__metadata__': the name is reserved"});
        names.push_back({0, 0, tensor.name, names.size()});
    }
    sort_keys(names);
    if (const sort_key* const twice = find_twice(names); twice != nullptr)
        fail_to_write(where, {"two tensors have the name '", twice->name, "'"});
}

inline void check_sizes(const std::vector<tensor_view>& tensors, const std::string& where) {
    for (const tensor_view& tensor : tensors) {
        std::uint64_t bytes = 0;
        if (!checked_bytes(tensor.shape, size_of(tensor.type), bytes) || bytes != tensor.bytes.size())
            fail_to_write(where, {"tensor '", json_reader::shortened(tensor.name),
                                  "': ", name_of(tensor.type), " ", shape_text(tensor.shape),
                                  " does not take the ", decimal(tensor.bytes.size()), " bytes given"});
    }
}

/// Wider types first, so that every tensor is aligned, then by name.
inline std::vector<sort_key> writing_order(const std::vector<tensor_view>& tensors) {
    std::vector<sort_key> order;
    for (const tensor_view& tensor : tensors)
        order.push_back({8 - size_of(tensor.type), 0, tensor.name, order.size()});
    sort_keys(order);
    return order;
}

inline void append_number(std::string& out, std::uint64_t value) { out += std::string_view(decimal(value)); }

inline void write_metadata(std::string& out, const metadata_entries& metadata, const std::string& where) {
    std::vector<sort_key> keys;
    for (const auto& [key, text] : metadata) {
        if (!is_utf8(key) || !is_utf8(text)) fail_to_write(where, {"the metadata are not valid UTF-8"});
        keys.push_back({0, 0, key, keys.size()});
    }
    sort_keys(keys);
    if (const sort_key* const twice = find_twice(keys); twice != nullptr)
        fail_to_write(where, {"the metadata have the key '", twice->name, "' twice"});
    out += "\"__metadata__\":{";
    for (const sort_key& key : keys) {
        write_json_string(out, key.name);
        out += ':';
        write_json_string(out, metadata[key.index].second);
        out += ',';
    }
    out.back() = '}';
}

inline void write_tensor_entry(std::string& out, const tensor_view& tensor, std::uint64_t begin) {
    write_json_string(out, tensor.name);
    out += ":{\"dtype\":\"";
    out += name_of(tensor.type);
    out += "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        if (i > 0) out += ',';
        append_number(out, tensor.shape[i]);
    }
    out += "],\"data_offsets\":[";
    append_number(out, begin);
    out += ',';
    append_number(out, begin + tensor.bytes.size());
    out += "]}";
}

/// The first eight bytes and the header, padded so that the data start at a multiple of 8.
inline std::string safetensors_front(const std::vector<tensor_view>& tensors,
                                     const std::vector<sort_key>& order, const metadata_entries& metadata,
                                     const std::string& where) {
    std::string front(8, '\0');
    front += '{';
    if (!metadata.empty()) write_metadata(front, metadata, where);
    std::uint64_t begin = 0;
    for (const sort_key& key : order) {
        if (front.back() != '{') front += ',';
        write_tensor_entry(front, tensors[key.index], begin);
        begin += tensors[key.index].bytes.size();
    }
    front += '}';
    while (front.size() % 8 != 0) front += ' ';
    const std::uint64_t length = front.size() - 8;
    if (length > safetensors_file::longest_header)
        fail_to_write(where, {"the names and metadata make the header too long"});
    for (std::size_t i = 0; i < 8; ++i) front[i] = char(length >> (8 * i) & 0xFF);
    return front;
}

}  // namespace detail

/// Writes a safetensors file in one step (a temporary file takes its name): the old file or the new one is
/// there at any moment. Wider types come first, so that every tensor is aligned, then names in order;
/// metadata are written by key; equal contents give equal files. Error where the file cannot be written, two
/// tensors share a name or two texts a key, or bytes and shape disagree.
inline void write_safetensors(const std::string& path, const std::vector<tensor_view>& tensors,
                              const metadata_entries& metadata = {}) {
    detail::check_names(tensors, path);
    detail::check_sizes(tensors, path);
    const auto order = detail::writing_order(tensors);
    const std::string front = detail::safetensors_front(tensors, order, metadata, path);
    weft::detail::atomic_file file(path, "cannot write safetensors");
    file.write(std::as_bytes(std::span(front)));
    for (const detail::sort_key& key : order) file.write(tensors[key.index].bytes);
    file.commit();
}

/// Writes the tensors of a model in the same way.
template <class T>
void write_safetensors(const std::string& path, std::vector<named_tensor<T>> tensors,
                       const metadata_entries& metadata = {}) {
    std::vector<tensor_view> views;
    views.reserve(tensors.size());
    for (auto& tensor : tensors) views.push_back(as_tensor_view(std::move(tensor)));
    write_safetensors(path, views, metadata);
}

}  // namespace weft::io
