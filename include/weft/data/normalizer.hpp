#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace weft::data {

/// Brings each feature to mean 0 and standard deviation 1. Fit it on the training samples, apply it to all
/// others:
///
///     auto [train, test] = data::split(houses, 0.2, seed{1});
///     const auto scale = data::normalizer::fit(train);
///     scale.apply(train), scale.apply(test);
///
/// A feature that never varies is left as it is.
struct normalizer {
    /// Per feature: x becomes (x - mean) / deviation.
    std::vector<double> mean, deviation;

    /// Mean and (population) standard deviation of each feature. Error on no samples or on a number not
    /// finite.
    template <class Input, class Target>
    static normalizer fit(const dataset<Input, Target>& samples) {
        const std::size_t count = samples.size(), features = samples.input_size;
        if (count == 0) raise("cannot fit normalizer", "dataset", "it has no samples");
        normalizer fitted{std::vector<double>(features, 0.0), std::vector<double>(features, 0.0)};
        // Sums of differences to the first sample: exactly zero for a constant feature.
        const auto first = samples.input(0);
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t f = 0; f < features; ++f)
                fitted.mean[f] += double(samples.inputs[i * features + f]) - double(first[f]);
        for (std::size_t f = 0; f < features; ++f)
            fitted.mean[f] = double(first[f]) + fitted.mean[f] / double(count);
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t f = 0; f < features; ++f) {
                const double away = double(samples.inputs[i * features + f]) - fitted.mean[f];
                fitted.deviation[f] += away * away;
            }
        for (std::size_t f = 0; f < features; ++f) {
            fitted.deviation[f] = std::sqrt(fitted.deviation[f] / double(count));
            if (!std::isfinite(fitted.deviation[f]))
                raise("cannot fit normalizer", "feature " + std::to_string(f), "its numbers are not finite");
            if (fitted.deviation[f] == 0.0) fitted.mean[f] = 0.0, fitted.deviation[f] = 1.0;
        }
        return fitted;
    }

    /// Normalizes rows of mean.size() features in place. Error where the number of features differs.
    template <class Input>
    void apply(std::span<Input> rows) const {
        if (mean.empty() || rows.size() % mean.size() != 0)
            raise("cannot normalize", std::to_string(rows.size()) + " numbers",
                  "the normalizer knows " + std::to_string(mean.size()) + " features");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t f = i % mean.size();
            rows[i] = Input((double(rows[i]) - mean[f]) / deviation[f]);
        }
    }
    /// Normalizes the inputs of `samples` in place.
    template <class Input, class Target>
    void apply(dataset<Input, Target>& samples) const {
        if (samples.input_size != mean.size())
            raise("cannot normalize", "dataset of " + std::to_string(samples.input_size) + " features",
                  "the normalizer knows " + std::to_string(mean.size()));
        apply(std::span<Input>(samples.inputs));
    }
};

}  // namespace weft::data
