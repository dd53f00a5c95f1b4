#pragma once
/// Counts by label and prediction.
///
///     metrics::confusion_matrix matrix({"setosa", "versicolor", "virginica"});
///     matrix.add(0, 0);  // a row: its label, and what it was taken for
///     const std::vector<float> scores = {2, 1, 0, 0, 1, 2};
///     const std::vector<int> labels = {0, 1};
///     matrix.add<float>(scores, labels);
///     std::printf("%sprecision of setosa: %.2f\n", matrix.text().c_str(), matrix.precision(0));

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"

namespace weft::metrics {

/// Which classes are taken for which: counts by label (row) and prediction (column), and what follows from
/// them.
class confusion_matrix {
public:
    /// Classes 0, 1, ... `classes` - 1; from 2 to 30,000, or weft::error.
    explicit confusion_matrix(int classes) : confusion_matrix(numbered(classes)) {}
    /// Classes with names (UTF-8), from 2 to 30,000, or weft::error.
    explicit confusion_matrix(std::vector<std::string> names) : names_(std::move(names)) {
        check_classes(names_.size());
        counts_.resize(names_.size() * names_.size());
    }

    /// One row. Raises weft::error for a class out of range.
    void add(int label, int prediction) {
        if (label < 0 || label >= classes() || prediction < 0 || prediction >= classes()) {
            raise("cannot measure", "confusion_matrix",
                  "label " + std::to_string(label) + " or prediction " + std::to_string(prediction) +
                      " is not below " + std::to_string(classes()));
        }
        ++counts_[index(label, prediction)];
    }
    /// A batch: `scores` [rows, classes], or one logit per row for two classes; `labels` [rows]. Raises
    /// weft::error where sizes disagree, a label is out of range, a score NaN.
    template <class T>
    void add(std::span<const T> scores, std::span<const int> labels) {
        detail::check_scores("confusion_matrix", scores, labels, classes());
        if (labels.empty()) return;
        const std::size_t width = scores.size() / labels.size();
        for (std::size_t i = 0; i < labels.size(); ++i) {
            add(labels[i], detail::best_class(scores.subspan(i * width, width)));
        }
    }

    int classes() const { return int(names_.size()); }
    const std::string& name(int c) const { return names_[checked(c)]; }
    /// How many rows of class `label` were taken for `prediction`.
    std::int64_t count(int label, int prediction) const {
        checked(label);
        checked(prediction);
        return counts_[index(label, prediction)];
    }
    /// How many rows in all.
    std::int64_t rows() const {
        std::int64_t n = 0;
        for (std::int64_t c : counts_) n += c;
        return n;
    }
    /// Rows of class c.
    std::int64_t support(int c) const {
        std::int64_t n = 0;
        for (int k = 0; k < classes(); ++k) n += count(c, k);
        return n;
    }
    /// Rows taken for class c.
    std::int64_t predicted(int c) const {
        std::int64_t n = 0;
        for (int k = 0; k < classes(); ++k) n += count(k, c);
        return n;
    }

    /// The part of rows on the diagonal; NaN before the first row.
    double accuracy() const {
        std::int64_t correct = 0;
        for (int c = 0; c < classes(); ++c) correct += count(c, c);
        return rows() ? double(correct) / double(rows()) : std::nan("");
    }
    /// Of the rows taken for c, the part that is c; 0 where there are none (as scikit-learn).
    double precision(int c) const { return ratio(count(c, c), predicted(c)); }
    /// Of the rows of c, the part taken for c; 0 where there are none.
    double recall(int c) const { return ratio(count(c, c), support(c)); }
    /// The harmonic mean of precision and recall; 0 where both are.
    double f1(int c) const { return ratio(2 * count(c, c), predicted(c) + support(c)); }

    /// Unweighted means over all classes.
    double macro_precision() const { return mean(&confusion_matrix::precision); }
    double macro_recall() const { return mean(&confusion_matrix::recall); }
    double macro_f1() const { return mean(&confusion_matrix::f1); }

    /// The table as aligned text with precision, recall and F1 beside each class; ends with a newline.
    std::string text() const;

private:
    static constexpr std::size_t most_classes = 30'000;

    static void check_classes(std::size_t classes) {
        if (classes > most_classes)
            raise("cannot measure", "confusion_matrix",
                  std::to_string(classes) + " classes; at most " + std::to_string(most_classes) +
                      " have room for their table");
        detail::check_classes("confusion_matrix", int(classes));
    }
    static std::vector<std::string> numbered(int classes) {
        check_classes(classes < 0 ? 0 : std::size_t(classes));
        std::vector<std::string> names;
        for (int c = 0; c < classes; ++c) names.push_back(std::to_string(c));
        return names;
    }
    static double ratio(std::int64_t part, std::int64_t whole) {
        return whole ? double(part) / double(whole) : 0.0;
    }
    double mean(double (confusion_matrix::*of)(int) const) const {
        double sum = 0.0;
        for (int c = 0; c < classes(); ++c) sum += (this->*of)(c);
        return sum / double(classes());
    }
    std::size_t checked(int c) const {
        if (c < 0 || c >= classes()) {
            raise("cannot read a confusion matrix", "class " + std::to_string(c),
                  "there are " + std::to_string(classes()));
        }
        return std::size_t(c);
    }
    std::size_t index(int label, int prediction) const {
        return std::size_t(label) * names_.size() + std::size_t(prediction);
    }

    std::vector<std::string> names_;
    std::vector<std::int64_t> counts_;
};

namespace detail {

/// Whether a byte of UTF-8 begins a code point.
inline bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }

/// Columns that UTF-8 text takes, a code point counted as one.
inline std::size_t columns_of(const std::string& text) {
    return std::size_t(std::count_if(text.begin(), text.end(), starts_character));
}

inline std::string right(const std::string& text, std::size_t width) {
    const std::size_t n = columns_of(text);
    return std::string(n < width ? width - n : 0, ' ') + text;
}

/// Three decimals, whatever the locale.
inline std::string three_decimals(double x) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::fixed, 3).ptr;
    return {buffer, end};
}

}  // namespace detail

inline std::string confusion_matrix::text() const {
    std::size_t label_width = 5, cell = 1;  // "label", "macro"
    for (const auto& name : names_) {
        label_width = (std::max)(label_width, detail::columns_of(name));
        cell = (std::max)(cell, detail::columns_of(name));
    }
    for (std::int64_t n : counts_) cell = (std::max)(cell, std::to_string(n).size());

    const std::size_t counts_width = (cell + 2) * names_.size();
    std::string out = std::string(label_width, ' ') + "  predicted\n";
    out += detail::right("label", label_width);
    for (const auto& name : names_) out += "  " + detail::right(name, cell);
    out += "   precision  recall     F1\n";
    for (int c = 0; c < classes(); ++c) {
        out += detail::right(name(c), label_width);
        for (int k = 0; k < classes(); ++k) {
            // A dot for zero lets the mistakes stand out.
            out += "  " + detail::right(count(c, k) ? std::to_string(count(c, k)) : "\u00b7", cell);
        }
        out += detail::right(detail::three_decimals(precision(c)), 12) +
               detail::right(detail::three_decimals(recall(c)), 8) +
               detail::right(detail::three_decimals(f1(c)), 7) + "\n";
    }
    out += detail::right("macro", label_width) + std::string(counts_width, ' ') +
           detail::right(detail::three_decimals(macro_precision()), 12) +
           detail::right(detail::three_decimals(macro_recall()), 8) +
           detail::right(detail::three_decimals(macro_f1()), 7) + "\n";
    return out;
}

}  // namespace weft::metrics
