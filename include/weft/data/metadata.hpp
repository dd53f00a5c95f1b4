#pragma once
/// What a program needs beside a model's numbers, as texts for the metadata of its file:
///
///     model<net, cpu> model{seed{1}};
///     const data::csv_table table = data::read_csv("iris.csv", {.header = true});
///     save(model, "iris.safetensors", data::to_metadata(data::fit_encoding(table)));
///
/// and where it is used:
///
///     model<net, cpu> model{seed{1}};
///     load(model, "iris.safetensors");
///     const auto encoding = data::encoding_from(load_metadata("iris.safetensors"));
///     const auto names = data::class_names_from(load_metadata("iris.safetensors"));
///     const auto inputs = data::encode_inputs(data::read_csv("new.csv", {.header = true}), encoding);
///     for (int label : model.classify(inputs)) std::puts(names[std::size_t(label)].c_str());

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/json.hpp"
#include "../core/metadata.hpp"
#include "csv_encoding.hpp"

namespace weft::data {

namespace detail {

inline constexpr const char *class_names_key = "weft.class_names", *encoding_key = "weft.csv_encoding";

inline void write_list(std::string& out, const std::vector<std::string>& texts) {
    out += '[';
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        weft::detail::write_json_string(out, texts[i]);
    }
    out += ']';
}

inline std::vector<std::string> read_list(weft::detail::json_reader& json) {
    std::vector<std::string> texts;
    json.begin_array();
    while (json.next_element()) json.string(texts.emplace_back());
    return texts;
}

/// Error where two are equal: a label's number would be lost.
inline void check_names(const weft::detail::json_reader& json, const std::vector<std::string>& names,
                        std::string_view what) {
    std::set<std::string_view> seen;
    for (const std::string& name : names)
        if (!seen.insert(name).second)
            json.fail({"there is another ", what, " '", weft::detail::json_reader::shortened(name), "'"});
}

inline csv_encoding::feature read_feature(weft::detail::json_reader& json) {
    csv_encoding::feature feature;
    bool has_column = false;
    json.begin_object();
    for (std::string key; json.next_key(key);) {
        if (key == "column") {
            json.string(feature.column);
            has_column = true;
        } else if (key == "categories") {
            feature.categories = read_list(json);
            check_names(json, feature.categories, "category");
        } else {
            json.fail({"unknown key '", weft::detail::json_reader::shortened(key), "' in a feature"});
        }
    }
    if (!has_column) json.fail({"a feature has no column"});
    return feature;
}

/// The text of a key. Error where there is none.
inline const std::string& metadata_text(const metadata_entries& metadata, const char* key) {
    const std::string* const text = find_metadata(metadata, key);
    if (text == nullptr)
        weft::detail::raise_parts("cannot read metadata", key,
                                  {"the file has none of that name; data::to_metadata makes them for save"});
    return *text;
}

}  // namespace detail

/// Names of classes as metadata, to be read by class_names_from. No errors: save refuses what is no UTF-8.
inline metadata_entries to_metadata(const std::vector<std::string>& class_names) {
    metadata_entries metadata{{"format", "pt"}, {detail::class_names_key, {}}};
    detail::write_list(metadata.back().second, class_names);
    return metadata;
}

/// An encoding as metadata, to be read by encoding_from; its names of classes by class_names_from, too. All
/// texts must be UTF-8, as save checks.
inline metadata_entries to_metadata(const csv_encoding& encoding) {
    metadata_entries metadata = to_metadata(encoding.class_names);
    std::string& text = metadata.emplace_back(detail::encoding_key, "{\"features\":[").second;
    for (std::size_t i = 0; i < encoding.features.size(); ++i) {
        text += i == 0 ? "{\"column\":" : ",{\"column\":";
        weft::detail::write_json_string(text, encoding.features[i].column);
        if (!encoding.features[i].categories.empty()) {
            text += ",\"categories\":";
            detail::write_list(text, encoding.features[i].categories);
        }
        text += '}';
    }
    text += "],\"target\":";
    weft::detail::write_json_string(text, encoding.target);
    text += encoding.drop_missing ? ",\"drop_missing\":true}" : ",\"drop_missing\":false}";
    return metadata;
}

/// The names of classes that a file's metadata have. Error where they have none, or broken ones.
inline std::vector<std::string> class_names_from(const metadata_entries& metadata) {
    weft::detail::json_reader json(detail::metadata_text(metadata, detail::class_names_key),
                                   "cannot read metadata", detail::class_names_key, "the text");
    auto names = detail::read_list(json);
    detail::check_names(json, names, "class");
    json.end();
    return names;
}

/// The encoding that a file's metadata have. Error where they have none, or a broken one.
inline csv_encoding encoding_from(const metadata_entries& metadata) {
    weft::detail::json_reader json(detail::metadata_text(metadata, detail::encoding_key),
                                   "cannot read metadata", detail::encoding_key, "the text");
    csv_encoding encoding;
    bool has_features = false, has_target = false;
    json.begin_object();
    for (std::string key; json.next_key(key);) {
        if (key == "features") {
            if (has_features) json.fail({"a second 'features'"});
            json.begin_array();
            while (json.next_element()) encoding.features.push_back(detail::read_feature(json));
            has_features = !encoding.features.empty();
        } else if (key == "target") {
            json.string(encoding.target);
            has_target = true;
        } else if (key == "drop_missing") {
            encoding.drop_missing = json.boolean();
        } else {
            json.fail({"unknown key '", weft::detail::json_reader::shortened(key), "'"});
        }
    }
    json.end();
    if (!has_features || !has_target)
        json.fail({has_features ? "there is no target" : "there are no features"});
    encoding.class_names = class_names_from(metadata);
    return encoding;
}

}  // namespace weft::data
