#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "training_run.hpp"

namespace weft {

/// When a reduce_on_plateau reduces, and to what; PyTorch's names in brackets.
struct plateau_options {
    float factor = 0.1f;            ///< the rate is multiplied by it, in [0, 1)
    int patience = 10;              ///< so many epochs without progress are let pass
    float threshold = 1e-4f;        ///< progress is more than this part of the best metric
    bool absolute = false;          ///< or more than just this [threshold_mode "abs"]
    bool larger_is_better = false;  ///< for an accuracy [mode "max"]
    int cooldown = 0;               ///< so many epochs after a reduction do not count
    float floor = 0.0f;             ///< the smallest factor on the base learning rate [min_lr]
};

/// Reduces the learning rate where a metric stops to improve (PyTorch's ReduceLROnPlateau): a callback of
/// `fit`. In a loop of your own call `update` with the metric of each epoch and scale the rate by what it
/// returns. A value that depends on nothing but the metrics so far: to go on after a restart, give it those
/// of the earlier epochs again.
/// Raises weft::error for senseless options.
///
///     model<net, cpu> model{seed{1}};
///     const plateau_options patient{.patience = 3};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.epochs = 90, .validation = &more_flowers},
///         reduce_on_plateau{patient});
class reduce_on_plateau {
public:
    /// Raises weft::error for senseless options.
    explicit reduce_on_plateau(plateau_options options = {}, watched_metric metric = {})
        : options_(options), metric_(std::move(metric)) {
        options_.larger_is_better = options.larger_is_better || metric_.is_highest();
        check(options.factor >= 0.0f && options.factor < 1.0f, "factor", options.factor, "in [0, 1)");
        check(options.patience >= 0, "patience", float(options.patience), "0 or more");
        check(options.threshold >= 0.0f && (options.absolute || options.threshold < 1.0f), "threshold",
              options.threshold, "0 or more, and below 1 unless it is absolute");
        check(options.cooldown >= 0, "cooldown", float(options.cooldown), "0 or more");
        check(options.floor >= 0.0f && options.floor <= 1.0f, "floor", options.floor, "between 0 and 1");
        best_ = options_.larger_is_better ? -infinity : infinity;
    }

    /// Takes an epoch's metric; the factor on the base learning rate from now on. (NaN is no progress.)
    float update(double metric) {
        if (is_better(metric)) {
            best_ = metric;
            waited_ = 0;
        } else {
            ++waited_;
        }
        if (cooling_ > 0) {
            --cooling_;
            waited_ = 0;
        }
        if (waited_ > options_.patience) {
            const double lower = std::fmax(factor_ * double(options_.factor), double(options_.floor));
            if (factor_ - lower > 1e-8) factor_ = lower;  // as PyTorch's eps
            cooling_ = options_.cooldown;
            waited_ = 0;
        }
        return factor();
    }
    /// The factor on the base learning rate; 1 at first.
    float factor() const { return float(factor_); }
    /// The best metric so far; infinite before the first.
    double best() const { return best_; }

    template <class Training>
    void begin(Training& t) const {
        t.rate = factor_;
    }
    template <class Training>
    void after_epoch(Training& t) {
        t.rate = double(update(metric_.of(t.record, "reduce_on_plateau")));
    }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    bool is_better(double metric) const {
        const double by = double(options_.threshold);
        if (options_.absolute) return options_.larger_is_better ? metric > best_ + by : metric < best_ - by;
        return options_.larger_is_better ? metric > best_ * (1 + by) : metric < best_ * (1 - by);
    }
    static void check(bool good, const char* name, float value, const char* range) {
        if (!good) raise("cannot reduce on a plateau", name, std::to_string(value) + "; it must be " + range);
    }

    plateau_options options_;
    watched_metric metric_;
    double best_, factor_ = 1.0;
    int waited_ = 0, cooling_ = 0;
};

}  // namespace weft
