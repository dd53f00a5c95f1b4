#pragma once
/// Columns become numbers as the training table decides, in other files as in it.
///
///     const data::csv_options options{.header = true, .categorical = {"town"}};
///     const data::csv_table table = data::read_csv("houses.csv", options);
///     const data::csv_encoding encoding = data::fit_encoding(table, options);
///     const auto train = data::encode_numbers(table, encoding);
///     const auto test = data::encode_numbers(data::read_csv("more_houses.csv", options), encoding);
///     const auto labelled = data::encode_classes(table, encoding);  // where the target is a class

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "csv_options.hpp"
#include "csv_table.hpp"
#include "dataset.hpp"
#include "detail/csv_number.hpp"

namespace weft::data {

/// How the columns of a table become numbers. Fit it on the training table and apply it to the others, so
/// that equal categories and labels get equal numbers. All members may be changed by hand.
struct csv_encoding {
    struct feature {
        std::string column;
        /// One input each; empty for a column of numbers.
        std::vector<std::string> categories = {};
    };
    std::vector<feature> features;
    std::string target;
    /// The label with the number i is class_names[i]. Empty for regression.
    std::vector<std::string> class_names;
    bool drop_missing = false;

    /// Inputs per sample.
    std::size_t input_size() const {
        std::size_t size = 0;
        for (const feature& each : features) size += std::max<std::size_t>(each.categories.size(), 1);
        return size;
    }
};

namespace detail {

/// The different texts of a column, in order of first appearance, without missing ones.
inline std::vector<std::string> different_fields(const csv_table& table, std::size_t column) {
    std::map<std::string_view, std::size_t> first_row;
    for (std::size_t row = 0; row < table.rows(); ++row)
        if (!table.missing(row, column)) first_row.emplace(table.field(row, column), row);
    std::vector<std::pair<std::size_t, std::string_view>> ordered;
    for (const auto& [text, row] : first_row) ordered.emplace_back(row, text);
    std::sort(ordered.begin(), ordered.end());
    std::vector<std::string> texts;
    for (const auto& [row, text] : ordered) texts.emplace_back(text);
    return texts;
}

/// Sorted as numbers where all are whole numbers, so that 10 follows 9; else as text.
inline void sort_labels(std::vector<std::string>& labels) {
    std::vector<std::pair<long long, std::string>> numbers;
    for (const std::string& label : labels) {
        long long value = 0;
        const auto result = std::from_chars(label.data(), label.data() + label.size(), value);
        if (result.ec == std::errc{} && result.ptr == label.data() + label.size())
            numbers.emplace_back(value, label);
    }
    std::sort(labels.begin(), labels.end());
    if (numbers.size() != labels.size()) return;
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = numbers[i].second;
}

inline bool holds_only_numbers(const csv_table& table, std::size_t column) {
    float ignored = 0;
    for (std::size_t row = 0; row < table.rows(); ++row)
        if (!table.missing(row, column) && parse_number(table.field(row, column), ignored) != nullptr)
            return false;
    return true;
}

/// Which columns a list names. Error where one is the target, or there is none of that name.
inline std::vector<bool> columns_of(const csv_table& table, const std::vector<std::string>& names,
                                    std::size_t target) {
    std::vector<bool> named(table.columns().size());
    for (const std::string& name : names) {
        const std::size_t column = table.column(name);
        if (column == target) raise("cannot encode CSV", table.name(), "column '" + name + "' is the target");
        named[column] = true;
    }
    return named;
}

/// Turns rows into inputs; the target is left to the caller.
class csv_encoder {
public:
    csv_encoder(const csv_table& table, const csv_encoding& encoding) : table_(table), encoding_(encoding) {
        for (const auto& each : encoding.features) {
            columns_.push_back(table.column(each.column));
            auto& index = categories_.emplace_back();
            for (std::size_t i = 0; i < each.categories.size(); ++i) index.emplace(each.categories[i], i);
        }
    }

    /// False for a row to leave out; an error on the first missing value that must not be dropped.
    bool complete(std::size_t row, std::size_t target) const {
        for (const std::size_t column : columns_)
            if (missing(row, column)) return false;
        return !missing(row, target);
    }
    /// Error where a value is missing.
    void require_complete(std::size_t row) const {
        for (const std::size_t column : columns_)
            if (table_.missing(row, column)) table_.fail(row, column, "the value is missing");
    }
    void append_inputs(std::size_t row, std::vector<float>& inputs) const {
        for (std::size_t f = 0; f < columns_.size(); ++f) {
            if (categories_[f].empty()) {
                inputs.push_back(number(row, columns_[f]));
                continue;
            }
            const auto found = categories_[f].find(table_.field(row, columns_[f]));
            if (found == categories_[f].end())
                table_.fail(row, columns_[f],
                            "'" + text(row, columns_[f]) + "' is none of the known categories");
            inputs.resize(inputs.size() + categories_[f].size(), 0.0f);
            inputs[inputs.size() - categories_[f].size() + found->second] = 1.0f;
        }
    }
    float number(std::size_t row, std::size_t column) const {
        float value = 0;
        if (const char* const why = parse_number(table_.field(row, column), value); why != nullptr)
            table_.fail(row, column, "'" + text(row, column) + "' " + why);
        return value;
    }
    /// A field for a message, cut where it is long.
    std::string text(std::size_t row, std::size_t column) const {
        std::string whole(table_.field(row, column));
        return whole.size() <= 40 ? whole : whole.substr(0, 40) + "…";
    }

private:
    bool missing(std::size_t row, std::size_t column) const {
        if (!table_.missing(row, column)) return false;
        if (!encoding_.drop_missing)
            table_.fail(row, column, "the value is missing (drop_missing leaves such rows out)");
        return true;
    }

    const csv_table& table_;
    const csv_encoding& encoding_;
    std::vector<std::size_t> columns_;
    std::vector<std::map<std::string, std::size_t, std::less<>>> categories_;
};

inline void check_some_rows(std::size_t samples, const csv_table& table) {
    if (samples == 0) raise("cannot read CSV", table.name(), "every row has a missing value");
}

}  // namespace detail

/// Decides from the training table how its columns become numbers; see csv_options. The class names are those
/// of the target column, whatever it holds. Error for a column that there is not, a target among the
/// features, more than max_categories categories, or no feature at all.
inline csv_encoding fit_encoding(const csv_table& table, const csv_options& options = {}) {
    csv_encoding encoding;
    encoding.target = options.target.empty() ? table.columns().back() : options.target;
    encoding.drop_missing = options.drop_missing;
    const std::size_t target = table.column(encoding.target);
    const auto ignored = detail::columns_of(table, options.ignore, target);
    const auto categorical = detail::columns_of(table, options.categorical, target);
    for (std::size_t column = 0; column < table.columns().size(); ++column) {
        const std::string& name = table.columns()[column];
        if (column == target || ignored[column]) continue;
        csv_encoding::feature feature{name};
        if (categorical[column] || (options.one_hot_text && !detail::holds_only_numbers(table, column))) {
            feature.categories = detail::different_fields(table, column);
            detail::sort_labels(feature.categories);
            if (feature.categories.empty() || feature.categories.size() > options.max_categories)
                raise("cannot encode CSV", table.name(),
                      "column '" + name + "' has " + std::to_string(feature.categories.size()) +
                          " categories; between 1 and " + std::to_string(options.max_categories) +
                          " are accepted (max_categories)");
        }
        encoding.features.push_back(std::move(feature));
    }
    if (encoding.features.empty())
        raise("cannot encode CSV", table.name(), "no column is left to predict from");
    encoding.class_names = detail::different_fields(table, target);
    if (options.classes == class_order::sorted) detail::sort_labels(encoding.class_names);
    return encoding;
}

/// A table as samples with class labels 0 … class_names.size() - 1. Error, with file, line, column and the
/// column's name, on a missing value (unless such rows are dropped), a bad number, an unknown category or
/// label.
inline dataset<float, int> encode_classes(const csv_table& table, const csv_encoding& encoding) {
    const detail::csv_encoder encoder(table, encoding);
    const std::size_t target = table.column(encoding.target);
    std::map<std::string, int, std::less<>> numbers;
    for (std::size_t i = 0; i < encoding.class_names.size(); ++i)
        numbers.emplace(encoding.class_names[i], int(i));
    dataset<float, int> samples;
    samples.input_size = encoding.input_size();
    samples.class_names = encoding.class_names;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        if (!encoder.complete(row, target)) continue;
        const auto found = numbers.find(table.field(row, target));
        if (found == numbers.end())
            table.fail(row, target, "'" + encoder.text(row, target) + "' is none of the known classes");
        encoder.append_inputs(row, samples.inputs);
        samples.targets.push_back(found->second);
    }
    detail::check_some_rows(samples.size(), table);
    return samples;
}

/// A table as samples with one number each to predict. Errors as encode_classes.
inline dataset<float, float> encode_numbers(const csv_table& table, const csv_encoding& encoding) {
    const detail::csv_encoder encoder(table, encoding);
    const std::size_t target = table.column(encoding.target);
    dataset<float, float> samples;
    samples.input_size = encoding.input_size();
    for (std::size_t row = 0; row < table.rows(); ++row) {
        if (!encoder.complete(row, target)) continue;
        encoder.append_inputs(row, samples.inputs);
        samples.targets.push_back(encoder.number(row, target));
    }
    detail::check_some_rows(samples.size(), table);
    return samples;
}

/// The inputs of a table's rows, rows() x input_size() numbers, to predict from: the table needs no target,
/// and no row is left out. Errors as encode_classes, and where a value is missing.
inline std::vector<float> encode_inputs(const csv_table& table, const csv_encoding& encoding) {
    const detail::csv_encoder encoder(table, encoding);
    std::vector<float> inputs;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        encoder.require_complete(row);
        encoder.append_inputs(row, inputs);
    }
    return inputs;
}

}  // namespace weft::data
