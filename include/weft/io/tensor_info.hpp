#pragma once
/// A header without its file.
///
///     const io::safetensors_header header = io::parse_safetensors_header("{}", 0, "nothing");
///     for (const io::tensor_info& tensor : header.tensors) std::puts(tensor.name.c_str());
///     const io::metadata_entries& texts = header.metadata;

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/json.hpp"
#include "../core/message.hpp"
#include "../core/metadata.hpp"
#include "detail/sort_key.hpp"
#include "dtype.hpp"

namespace weft::io {

/// One tensor of a safetensors file: its bytes are [begin, end) of the data that follow the header, row-major
/// and little-endian.
struct tensor_info {
    std::string name;
    dtype type = dtype::f32;
    std::vector<std::size_t> shape;
    std::uint64_t begin = 0, end = 0;

    /// The number of elements; 1 for a scalar, whose shape is empty.
    std::size_t elements() const { return std::size_t(end - begin) / size_of(type); }
};

/// The __metadata__ of a safetensors file.
using weft::metadata_entries;

/// The header of a safetensors file, checked: the tensors lie one behind the other, in this order, and fill
/// the file.
struct safetensors_header {
    std::vector<tensor_info> tensors;
    /// In the order of the file; no two have one key.
    metadata_entries metadata;
};

namespace detail {

using weft::detail::decimal, weft::detail::message, weft::detail::raise_parts;
using weft::detail::json_reader, weft::detail::write_json_string, weft::detail::is_utf8;

/// "[6, 1, 5, 5]"
[[gnu::cold, gnu::noinline]] inline std::string shape_text(std::span<const std::size_t> shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += message({i == 0 ? "" : ", ", decimal(shape[i])});
    return text += ']';
}

/// The product of `shape` and `width`; false where it overflows, even if a zero hides that.
inline bool checked_bytes(const std::vector<std::size_t>& shape, std::size_t width, std::uint64_t& bytes) {
    bytes = width;
    bool zero = false;
    for (const std::size_t extent : shape) {
        zero = zero || extent == 0;
        if (extent > 0 && bytes > (std::numeric_limits<std::uint64_t>::max)() / extent) return false;
        if (extent > 0) bytes *= extent;
    }
    if (zero) bytes = 0;
    return true;
}

/// Parses and checks the JSON of a header.
class header_parser {
public:
    header_parser(std::string_view text, std::uint64_t data_size, std::string_view where)
        : json_(text, "cannot read safetensors", where), where_(where), data_size_(data_size) {}

    safetensors_header parse() {
        bool has_metadata = false;
        json_.begin_object();
        for (std::string key; json_.next_key(key);) {
            if (key != "__metadata__") {
                tensor(key);
                continue;
            }
            if (has_metadata) json_.fail({"a second __metadata__"});
            has_metadata = true;
            metadata();
        }
        json_.end();
        check_names();
        check_sizes();
        sort_by_place();
        check_holes();
        return std::move(header_);
    }

private:
    using parts = std::initializer_list<std::string_view>;
    [[noreturn]] void fail(parts why) const { raise_parts("cannot read safetensors", where_, why); }
    [[noreturn, gnu::cold, gnu::noinline]] void fail(const tensor_info& tensor, parts why) const {
        fail({"tensor '", json_reader::shortened(tensor.name), "': ", message(why)});
    }

    void metadata() {
        std::vector<std::size_t> ends;
        json_.begin_object();
        for (std::string key, value; json_.next_key(key);) {
            json_.string(value);
            header_.metadata.emplace_back(std::move(key), std::move(value));
            ends.push_back(json_.position());
        }
        // All at once, since one by one a file of many keys would take the square of their number.
        std::vector<sort_key> keys;
        for (std::size_t i = 0; i < ends.size(); ++i) keys.push_back({0, 0, header_.metadata[i].first, i});
        sort_keys(keys);
        if (const sort_key* const twice = find_twice(keys); twice != nullptr)
            json_.fail_at(ends[twice->index],
                          {"a second '", json_reader::shortened(twice->name), "' in __metadata__"});
    }
    void tensor(const std::string& name) {
        tensor_info& info = header_.tensors.emplace_back();
        info.name = name;
        bool has_type = false, has_shape = false, has_offsets = false;
        json_.begin_object();
        for (std::string key; json_.next_key(key);) {
            bool* const seen = key == "dtype"          ? &has_type
                               : key == "shape"        ? &has_shape
                               : key == "data_offsets" ? &has_offsets
                                                       : nullptr;
            if (seen == nullptr) json_.fail({"unknown key '", json_reader::shortened(key), "' in a tensor"});
            if (*seen) json_.fail({"a second '", key, "' in a tensor"});
            *seen = true;
            if (key == "dtype")
                type(info);
            else if (key == "shape")
                shape(info);
            else
                offsets(info);
        }
        if (!has_type || !has_shape || !has_offsets)
            fail(info, {!has_type ? "dtype" : !has_shape ? "shape" : "data_offsets", " is missing"});
    }
    void type(tensor_info& info) {
        std::string name;
        json_.string(name);
        if (!find_dtype(name, info.type)) fail(info, {"unknown dtype '", json_reader::shortened(name), "'"});
    }
    void shape(tensor_info& info) {
        json_.begin_array();
        while (json_.next_element()) {
            const std::uint64_t extent = json_.whole_number();
            if (extent > (std::numeric_limits<std::size_t>::max)()) json_.fail({"a number is too large"});
            // More than any framework has; keeps a file of zeros from growing eightfold in memory.
            if (info.shape.size() == 64) fail(info, {"more than 64 dimensions"});
            info.shape.push_back(std::size_t(extent));
        }
    }
    void offsets(tensor_info& info) {
        json_.begin_array();
        for (std::uint64_t* const offset : {&info.begin, &info.end}) {
            if (!json_.next_element()) fail(info, {"data_offsets needs two numbers"});
            *offset = json_.whole_number();
        }
        if (json_.next_element()) fail(info, {"data_offsets has more than two numbers"});
    }

    void check_names() const {
        std::vector<sort_key> names;
        for (const tensor_info& info : header_.tensors) names.push_back({0, 0, info.name, names.size()});
        sort_keys(names);
        if (const sort_key* const twice = find_twice(names); twice != nullptr)
            fail({"there are two tensors of the name '", json_reader::shortened(twice->name), "'"});
    }
    void check_sizes() const {
        for (const tensor_info& info : header_.tensors) {
            if (info.begin > info.end)
                fail(info,
                     {"data_offsets run backwards, from ", decimal(info.begin), " to ", decimal(info.end)});
            if (info.end > data_size_)
                fail(info, {"its data end at byte ", decimal(info.end), ", but the file has ",
                            decimal(data_size_), " bytes of data"});
            std::uint64_t bytes = 0;
            if (!checked_bytes(info.shape, size_of(info.type), bytes))
                fail(info, {"the shape ", shape_text(info.shape), " overflows"});
            if (bytes != info.end - info.begin)
                fail(info, {name_of(info.type), " ", shape_text(info.shape), " takes ", decimal(bytes),
                            " bytes, but data_offsets give ", decimal(info.end - info.begin)});
        }
    }
    void sort_by_place() {
        std::vector<sort_key> places;
        for (const tensor_info& info : header_.tensors)
            places.push_back({info.begin, info.end, {}, places.size()});
        sort_keys(places);
        std::vector<tensor_info> sorted;
        sorted.reserve(places.size());
        for (const sort_key& place : places) sorted.push_back(std::move(header_.tensors[place.index]));
        header_.tensors.swap(sorted);
    }
    void check_holes() const {
        std::uint64_t reached = 0;
        for (const tensor_info& info : header_.tensors) {
            if (info.begin < reached) fail(info, {"its data overlap those of another tensor"});
            if (info.begin > reached)
                fail(info, {"a hole of ", decimal(info.begin - reached), " bytes lies before its data"});
            reached = info.end;
        }
        if (reached != data_size_)
            fail({decimal(data_size_ - reached), " bytes at the end belong to no tensor"});
    }

    json_reader json_;
    std::string_view where_;
    std::uint64_t data_size_;
    safetensors_header header_;
};

}  // namespace detail

/// Parses the JSON header of a safetensors file whose data are `data_size` bytes; `where` stands in error
/// messages. Error unless all is in order: known dtypes, each tensor with dtype, shape and data_offsets and
/// nothing else, sizes that agree without overflow, no two tensors of a name, no overlap, no hole, nothing
/// left over; metadata of strings only.
inline safetensors_header parse_safetensors_header(std::string_view text, std::uint64_t data_size,
                                                   std::string_view where) {
    if (text.empty() || text.front() != '{')
        detail::raise_parts("cannot read safetensors", where, {"the header does not start with '{'"});
    while (text.back() == ' ') text.remove_suffix(1);
    if (text.back() != '}')
        detail::raise_parts("cannot read safetensors", where, {"the header does not end with '}'"});
    return detail::header_parser(text, data_size, where).parse();
}

}  // namespace weft::io
