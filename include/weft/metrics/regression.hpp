#pragma once
/// Of numbers; added in batches, and asked for at any time.
///
///     metrics::mean_absolute_error mae;
///     metrics::root_mean_squared_error rmse;
///     metrics::r2 r2;
///     const std::vector<float> predictions = {1, 2.5f, 3}, targets = {1, 2, 4};
///     mae.add<float>(predictions, targets);
///     rmse.add<float>(predictions, targets);
///     r2.add<float>(predictions, targets);
///     std::printf("%.3f %.3f %.3f\n", mae.value(), rmse.value(), r2.value());

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checks.hpp"

namespace weft::metrics {

/// The mean of |prediction - target| over all values; in the unit of the targets.
class mean_absolute_error {
public:
    /// Raises weft::error where the sizes differ.
    template <class T>
    void add(std::span<const T> predictions, std::span<const T> targets) {
        detail::check_sizes("mean_absolute_error", predictions.size(), targets.size());
        for (std::size_t i = 0; i < targets.size(); ++i) {
            sum_ += std::abs(double(predictions[i]) - double(targets[i]));
        }
        count_ += std::int64_t(targets.size());
    }
    /// NaN before the first value.
    double value() const { return count_ ? sum_ / double(count_) : std::nan(""); }

private:
    double sum_ = 0.0;
    std::int64_t count_ = 0;
};

/// The root of the mean of (prediction - target)^2 over all values; in the unit of the targets.
class root_mean_squared_error {
public:
    /// Raises weft::error where the sizes differ.
    template <class T>
    void add(std::span<const T> predictions, std::span<const T> targets) {
        detail::check_sizes("root_mean_squared_error", predictions.size(), targets.size());
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const double error = double(predictions[i]) - double(targets[i]);
            sum_ += error * error;
        }
        count_ += std::int64_t(targets.size());
    }
    /// NaN before the first value.
    double value() const { return count_ ? std::sqrt(sum_ / double(count_)) : std::nan(""); }

private:
    double sum_ = 0.0;
    std::int64_t count_ = 0;
};

/// The coefficient of determination: 1 - (squared error) / (squared deviation of the targets from their
/// mean), the mean of it over the outputs (as scikit-learn's r2_score). Targets that do not vary give 1 for
/// perfect predictions and 0 otherwise.
class r2 {
public:
    /// For predictions of `outputs` numbers a row (at least 1).
    explicit r2(int outputs = 1) {
        if (outputs < 1) raise("cannot measure", "r2", std::to_string(outputs) + " outputs");
        columns_.resize(std::size_t(outputs));
    }

    /// Both [rows, outputs]. Raises weft::error where the sizes differ or rows are not whole.
    template <class T>
    void add(std::span<const T> predictions, std::span<const T> targets) {
        detail::check_sizes("r2", predictions.size(), targets.size());
        if (targets.size() % columns_.size() != 0) {
            raise("cannot measure", "r2",
                  std::to_string(targets.size()) + " values are no rows of " +
                      std::to_string(columns_.size()) + " outputs");
        }
        for (std::size_t i = 0; i < targets.size(); ++i) {
            columns_[i % columns_.size()].add(double(predictions[i]), double(targets[i]));
        }
    }

    /// At most 1; NaN before the second row.
    double value() const {
        double sum = 0.0;
        for (const column& c : columns_) sum += c.value();
        return sum / double(columns_.size());
    }

private:
    struct column {
        std::int64_t count = 0;
        double mean = 0.0, deviation = 0.0, error = 0.0;

        // Welford's update: one pass, no cancellation.
        void add(double prediction, double target) {
            const double delta = target - mean;
            mean += delta / double(++count);
            deviation += delta * (target - mean);
            error += (prediction - target) * (prediction - target);
        }
        double value() const {
            if (count < 2) return std::nan("");
            if (deviation == 0.0) return error == 0.0 ? 1.0 : 0.0;
            return 1.0 - error / deviation;
        }
    };
    std::vector<column> columns_;
};

}  // namespace weft::metrics
