#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "detail/json.hpp"
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

/// The header of a safetensors file, checked: the tensors lie one behind the other, in this order, and fill
/// the file.
struct safetensors_header {
    std::vector<tensor_info> tensors;
    std::map<std::string, std::string> metadata;
};

namespace detail {

/// "[6, 1, 5, 5]"
inline std::string shape_text(const std::vector<std::size_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text.append(i == 0 ? "" : ", ").append(std::to_string(shape[i]));
    return text + "]";
}

/// The product of `shape` and `width`; false where it overflows, even if a zero hides that.
inline bool checked_bytes(const std::vector<std::size_t>& shape, std::size_t width, std::uint64_t& bytes) {
    bytes = width;
    bool zero = false;
    for (const std::size_t extent : shape) {
        zero = zero || extent == 0;
        if (extent > 0 && bytes > std::numeric_limits<std::uint64_t>::max() / extent) return false;
        if (extent > 0) bytes *= extent;
    }
    if (zero) bytes = 0;
    return true;
}

/// Parses and checks the JSON of a header.
class header_parser {
public:
    header_parser(std::string_view text, std::uint64_t data_size, const std::string& where)
        : json_(text, "cannot read safetensors", where), where_(where), data_size_(data_size) {}

    safetensors_header parse() {
        bool has_metadata = false;
        json_.begin_object();
        for (std::string key; json_.next_key(key);) {
            if (key != "__metadata__") {
                tensor(key);
                continue;
            }
            if (has_metadata) json_.fail("a second __metadata__");
            has_metadata = true;
            metadata();
        }
        json_.end();
        check_names();
        check_layout();
        return std::move(header_);
    }

private:
    [[noreturn]] void fail(const std::string& why) const { raise("cannot read safetensors", where_, why); }
    [[noreturn]] void fail(const tensor_info& tensor, const std::string& why) const {
        fail("tensor '" + json_reader::shortened(tensor.name) + "': " + why);
    }

    void metadata() {
        json_.begin_object();
        for (std::string key, value; json_.next_key(key);) {
            json_.string(value);
            if (!header_.metadata.emplace(key, value).second)
                json_.fail("a second '" + json_reader::shortened(key) + "' in __metadata__");
        }
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
            if (seen == nullptr) json_.fail("unknown key '" + json_reader::shortened(key) + "' in a tensor");
            if (*seen) json_.fail("a second '" + key + "' in a tensor");
            *seen = true;
            if (key == "dtype")
                type(info);
            else if (key == "shape")
                shape(info);
            else
                offsets(info);
        }
        if (!has_type || !has_shape || !has_offsets)
            fail(info, std::string(!has_type    ? "dtype"
                                   : !has_shape ? "shape"
                                                : "data_offsets") +
                           " is missing");
    }
    void type(tensor_info& info) {
        std::string name;
        json_.string(name);
        if (!find_dtype(name, info.type)) fail(info, "unknown dtype '" + json_reader::shortened(name) + "'");
    }
    void shape(tensor_info& info) {
        json_.begin_array();
        while (json_.next_element()) {
            const std::uint64_t extent = json_.whole_number();
            if (extent > std::numeric_limits<std::size_t>::max()) json_.fail("a number is too large");
            // More than any framework has; keeps a file of zeros from growing eightfold in memory.
            if (info.shape.size() == 64) fail(info, "more than 64 dimensions");
            info.shape.push_back(std::size_t(extent));
        }
    }
    void offsets(tensor_info& info) {
        json_.begin_array();
        for (std::uint64_t* const offset : {&info.begin, &info.end}) {
            if (!json_.next_element()) fail(info, "data_offsets needs two numbers");
            *offset = json_.whole_number();
        }
        if (json_.next_element()) fail(info, "data_offsets has more than two numbers");
    }

    void check_names() const {
        std::vector<std::string_view> names;
        for (const tensor_info& info : header_.tensors) names.emplace_back(info.name);
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end())
            fail("there are two tensors of the name '" + json_reader::shortened(std::string(*twice)) + "'");
    }
    void check_layout() {
        for (const tensor_info& info : header_.tensors) {
            if (info.begin > info.end)
                fail(info, "data_offsets run backwards, from " + std::to_string(info.begin) + " to " +
                               std::to_string(info.end));
            if (info.end > data_size_)
                fail(info, "its data end at byte " + std::to_string(info.end) + ", but the file has " +
                               std::to_string(data_size_) + " bytes of data");
            std::uint64_t bytes = 0;
            if (!checked_bytes(info.shape, size_of(info.type), bytes))
                fail(info, "the shape " + shape_text(info.shape) + " overflows");
            if (bytes != info.end - info.begin)
                fail(info, std::string(name_of(info.type)) + " " + shape_text(info.shape) + " takes " +
                               std::to_string(bytes) + " bytes, but data_offsets give " +
                               std::to_string(info.end - info.begin));
        }
        const auto by_place = [](const tensor_info& a, const tensor_info& b) {
            return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
        };
        std::stable_sort(header_.tensors.begin(), header_.tensors.end(), by_place);
        std::uint64_t reached = 0;
        for (const tensor_info& info : header_.tensors) {
            if (info.begin < reached) fail(info, "its data overlap those of another tensor");
            if (info.begin > reached)
                fail(info,
                     "a hole of " + std::to_string(info.begin - reached) + " bytes lies before its data");
            reached = info.end;
        }
        if (reached != data_size_)
            fail(std::to_string(data_size_ - reached) + " bytes at the end belong to no tensor");
    }

    json_reader json_;
    std::string where_;
    std::uint64_t data_size_;
    safetensors_header header_;
};

}  // namespace detail

/// Parses the JSON header of a safetensors file whose data are `data_size` bytes; `where` stands in error
/// messages. Strict: known dtypes, each tensor with dtype, shape and data_offsets and nothing else, sizes
/// that agree without overflow, no two tensors of a name, no overlap, no hole, nothing left over; metadata of
/// strings only.
inline safetensors_header parse_safetensors_header(std::string_view text, std::uint64_t data_size,
                                                   const std::string& where) {
    if (text.empty() || text.front() != '{')
        raise("cannot read safetensors", where, "the header does not start with '{'");
    while (text.back() == ' ') text.remove_suffix(1);
    if (text.back() != '}') raise("cannot read safetensors", where, "the header does not end with '}'");
    return detail::header_parser(text, data_size, where).parse();
}

}  // namespace weft::io
