#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "../core/error.hpp"

namespace weft::metrics::detail {

/// Refuses scores that are not `classes` finite-or-infinite numbers for each label, and labels out of range.
/// One score per label stands for two classes (a logit).
template <class T>
void check_scores(const char* metric, std::span<const T> scores, std::span<const int> labels, int classes) {
    const std::size_t width = classes == 2 && scores.size() == labels.size() ? 1 : std::size_t(classes);
    if (scores.size() / width != labels.size() || scores.size() % width != 0) {
        raise("cannot measure", metric,
              std::to_string(scores.size()) + " scores for " + std::to_string(labels.size()) + " labels of " +
                  std::to_string(classes) + " classes");
    }
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] < 0 || labels[i] >= classes) {
            raise("cannot measure", metric,
                  "label " + std::to_string(labels[i]) + " of row " + std::to_string(i) + " is not below " +
                      std::to_string(classes));
        }
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (scores[i] != scores[i]) {
            raise("cannot measure", metric, "a score of row " + std::to_string(i / width) + " is NaN");
        }
    }
}

/// Refuses predictions and targets of different numbers.
inline void check_sizes(const char* metric, std::size_t predictions, std::size_t targets) {
    if (predictions != targets) {
        raise("cannot measure", metric,
              std::to_string(predictions) + " predictions for " + std::to_string(targets) + " targets");
    }
}

inline int check_classes(const char* metric, int classes) {
    if (classes < 2)
        raise("cannot measure", metric, std::to_string(classes) + " classes; at least 2 are needed");
    return classes;
}

/// The class with the highest of the scores of one row, the first among equals; for one score (a logit), 1
/// where it is above zero.
template <class T>
int best_class(std::span<const T> row) {
    if (row.size() == 1) return row[0] > T(0) ? 1 : 0;
    std::size_t best = 0;
    for (std::size_t c = 1; c < row.size(); ++c) {
        if (row[c] > row[best]) best = c;
    }
    return int(best);
}

}  // namespace weft::metrics::detail
