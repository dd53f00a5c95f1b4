#pragma once
/// Rows are added in batches, and asked for at any time.
///
///     metrics::accuracy accuracy(3);
///     metrics::top_k_accuracy in_two(3, 2);
///     const std::vector<float> scores = {2, 1, 0, 0, 1, 2};
///     const std::vector<int> labels = {0, 1};
///     accuracy.add<float>(scores, labels);
///     in_two.add<float>(scores, labels);
///     std::printf("%.2f, in the first two %.2f\n", accuracy.value(), in_two.value());  // 0.50, 1.00

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "checks.hpp"

namespace weft::metrics {

/// The part of the rows whose label is among the k classes with the highest scores. Among equal scores the
/// lower class goes first. Rows are added in batches.
class top_k_accuracy {
public:
    /// For `classes` classes (at least 2), 1 <= k <= classes; raises weft::error otherwise.
    top_k_accuracy(int classes, int k) : classes_(detail::check_classes("top_k_accuracy", classes)), k_(k) {
        if (k < 1 || k > classes) {
            raise("cannot measure", "top_k_accuracy",
                  "k is " + std::to_string(k) + " of " + std::to_string(classes) + " classes");
        }
    }

    /// `scores`: [rows, classes] (any increasing function of probability), or one logit per row for two
    /// classes; `labels`: [rows], from 0. Raises weft::error where sizes disagree, a label is out of range, a
    /// score NaN.
    template <class T>
    void add(std::span<const T> scores, std::span<const int> labels) {
        detail::check_scores("accuracy", scores, labels, classes_);
        if (labels.empty()) return;
        const std::size_t width = scores.size() / labels.size();
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const std::span<const T> row = scores.subspan(i * width, width);
            if (width == 1) {
                correct_ += k_ > 1 || detail::best_class(row) == labels[i];
                continue;
            }
            const std::size_t label = std::size_t(labels[i]);
            int better = 0;
            for (std::size_t c = 0; c < width; ++c) {
                better += row[c] > row[label] || (row[c] == row[label] && c < label);
            }
            correct_ += better < k_;
        }
        rows_ += std::int64_t(labels.size());
    }

    /// In [0, 1]; NaN before the first row.
    double value() const { return rows_ ? double(correct_) / double(rows_) : std::nan(""); }
    std::int64_t correct() const { return correct_; }
    std::int64_t rows() const { return rows_; }

private:
    int classes_, k_;
    std::int64_t correct_ = 0, rows_ = 0;
};

/// The part of the rows whose class with the highest score is their label; for two classes a single logit per
/// row will do, above zero for class 1.
class accuracy : public top_k_accuracy {
public:
    explicit accuracy(int classes) : top_k_accuracy(classes, 1) {}
};

}  // namespace weft::metrics
