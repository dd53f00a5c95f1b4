#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "../core/error.hpp"

namespace weft {

/// A length of training in optimizer steps.
struct steps {
    std::int64_t count;
};

/// A length of training in passes over the data; whole or not.
struct epochs {
    double count;
};

/// A length of training: `steps{500}`, `epochs{3}`, or a plain number of steps. More than zero.
class duration {
public:
    duration(steps s) : count_(double(s.count)) { check(); }
    duration(epochs e) : count_(e.count), in_epochs_(true) { check(); }
    template <std::integral I>
    duration(I step_count) : duration(weft::steps{std::int64_t(step_count)}) {}

    /// The length in steps (at least 1), where an epoch takes `steps_per_epoch`. Raises weft::error for a
    /// length in epochs where that is not known (0).
    double in_steps(std::int64_t steps_per_epoch) const {
        if (!in_epochs_) return count_;
        if (steps_per_epoch < 1) {
            raise("cannot follow a schedule", "epochs{" + std::to_string(count_) + "}",
                  "bind it to a number of steps per epoch first: schedule.bound(steps_per_epoch)");
        }
        return std::fmax(1.0, std::round(count_ * double(steps_per_epoch)));
    }

private:
    void check() const {
        if (!(count_ > 0.0 && count_ < 1e15)) {
            raise("cannot make a schedule", in_epochs_ ? "epochs" : "steps",
                  "a length of " + std::to_string(count_) + " is not a positive number");
        }
    }

    double count_;
    bool in_epochs_ = false;
};

/// The shape of a one-cycle schedule; PyTorch's names in brackets.
struct one_cycle_options {
    float rise = 0.3f;            ///< part of the steps on which the rate rises, in (0, 1) [pct_start]
    float start_divisor = 25.0f;  ///< the first factor is max_factor / start_divisor [div_factor]
    float end_divisor = 1e4f;     ///< the last is max_factor / start_divisor / end_divisor [final_div_factor]
    float max_factor = 1.0f;      ///< the peak, as a factor on the base learning rate
    bool linear = false;          ///< straight lines in place of half cosines [anneal_strategy]
    bool three_phase = false;     ///< falls back as it rose, then on to the end [three_phase]
};

/// How the learning rate changes while training: a function from the optimizer step, counted from 0, to a
/// factor on the optimizer's base learning rate. A cheap value: copies share one immutable function and
/// allocate nothing. Default: a constant factor of 1.
///     fit(..., {.epochs = 10, .rate = schedule::warmup(500, schedule::cosine(epochs{10}))})
class schedule {
public:
    schedule() = default;

    /// A user's own: any `f(step) -> float`, or `f(step, steps_per_epoch) -> float`, both std::int64_t.
    template <class F>
    requires(
        !std::same_as<std::remove_cvref_t<F>, schedule> &&
        (std::invocable<const std::remove_cvref_t<F>&, std::int64_t> ||
         std::invocable<const std::remove_cvref_t<F>&, std::int64_t, std::int64_t>)) explicit schedule(F&& f)
        : function_(std::make_shared<holder<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

    /// The factor of step `step`, from 0. Raises weft::error for a schedule in epochs that is not bound.
    float operator()(std::int64_t step) const { return at(step, steps_per_epoch_); }
    /// The same, where an epoch takes `steps_per_epoch` steps.
    float at(std::int64_t step, std::int64_t steps_per_epoch) const {
        return function_ ? function_->at(step < 0 ? 0 : step, steps_per_epoch) : 1.0f;
    }

    /// The same schedule, its epochs counted as `steps_per_epoch` steps each; fit does this.
    schedule bound(std::int64_t steps_per_epoch) const {
        if (steps_per_epoch < 1) {
            raise("cannot bind a schedule", "steps per epoch",
                  std::to_string(steps_per_epoch) + " is not a positive number");
        }
        schedule result = *this;
        result.steps_per_epoch_ = steps_per_epoch;
        return result;
    }

    /// Always 1.
    static schedule constant() { return {}; }
    /// Multiplied by `factor` after each `every` (PyTorch's StepLR).
    static schedule step_decay(duration every, float factor);
    /// From 1 down to `floor` along half a cosine over `total`, then `floor` (PyTorch's CosineAnnealingLR;
    /// Loshchilov and Hutter, "SGDR", 2017).
    static schedule cosine(duration total, float floor = 0.0f);
    /// Rises linearly over `length` steps, 1 / length in the first and 1 in the last, then follows `then`
    /// from its step 0.
    static schedule warmup(duration length, schedule then);
    /// Rises, then stays at 1.
    static schedule warmup(duration length) { return warmup(length, {}); }
    /// Up to the peak and down to almost nothing over `total` (PyTorch's OneCycleLR; Smith and Topin,
    /// "Super-convergence", 2018). Without options the base learning rate is the peak.
    static schedule one_cycle(duration total, one_cycle_options options = {});

private:
    struct function {
        function() = default;
        function(const function&) = delete;
        virtual ~function() = default;
        virtual float at(std::int64_t step, std::int64_t steps_per_epoch) const = 0;
    };
    template <class F>
    struct holder final : function {
        template <class G>
        explicit holder(G&& g) : f(std::forward<G>(g)) {}
        float at(std::int64_t step, std::int64_t steps_per_epoch) const override {
            if constexpr (std::invocable<const F&, std::int64_t, std::int64_t>) {
                return float(f(step, steps_per_epoch));
            } else {
                return float(f(step));
            }
        }
        F f;
    };

    std::shared_ptr<const function> function_;
    std::int64_t steps_per_epoch_ = 0;
};

namespace detail {

inline constexpr double pi = 3.14159265358979323846;

struct step_decay_shape {
    duration every;
    float factor;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        return std::pow(double(factor), std::floor(double(step) / every.in_steps(steps_per_epoch)));
    }
};

struct cosine_shape {
    duration total;
    float floor;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double part = std::fmin(1.0, double(step) / total.in_steps(steps_per_epoch));
        return double(floor) + (1.0 - double(floor)) * 0.5 * (1.0 + std::cos(pi * part));
    }
};

struct warmup_shape {
    duration length;
    schedule then;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double n = length.in_steps(steps_per_epoch);
        if (double(step) < n) return double(step + 1) / n;
        return double(then.at(step - std::int64_t(n), steps_per_epoch));
    }
};

struct one_cycle_shape {
    duration total;
    one_cycle_options options;

    double between(double from, double to, double part) const {
        if (options.linear) return from + (to - from) * part;
        return to + (from - to) * 0.5 * (1.0 + std::cos(pi * part));
    }
    /// Phases end at fractional steps, as PyTorch's do; past the last step the rate stays.
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double n = total.in_steps(steps_per_epoch), last = n - 1.0, rise = double(options.rise);
        const double t = std::fmin(double(step), last);
        const double peak = double(options.max_factor);
        const double first = peak / double(options.start_divisor), end = first / double(options.end_divisor);
        const double top = rise * n - 1.0;
        if (t <= top) return between(first, peak, top > 0.0 ? t / top : 1.0);
        if (!options.three_phase) return between(peak, end, (t - top) / (last - top));
        const double back = 2.0 * rise * n - 2.0;
        if (t <= back) return between(peak, first, (t - top) / (back - top));
        return between(first, end, (t - back) / (last - back));
    }
};

}  // namespace detail

inline schedule schedule::step_decay(duration every, float factor) {
    if (!(factor >= 0.0f && factor < 1e6f)) {
        raise("cannot make a schedule", "step_decay", "a factor of " + std::to_string(factor));
    }
    return schedule{detail::step_decay_shape{every, factor}};
}

inline schedule schedule::cosine(duration total, float floor) {
    if (!(floor >= 0.0f && floor <= 1.0f)) {
        raise("cannot make a schedule", "cosine",
              "a floor of " + std::to_string(floor) + " is not between 0 and 1");
    }
    return schedule{detail::cosine_shape{total, floor}};
}

inline schedule schedule::warmup(duration length, schedule then) {
    return schedule{detail::warmup_shape{length, std::move(then)}};
}

inline schedule schedule::one_cycle(duration total, one_cycle_options options) {
    const float most_rise = options.three_phase ? 0.5f : 1.0f;
    if (!(options.rise > 0.0f && options.rise < most_rise)) {
        raise("cannot make a schedule", "one_cycle",
              "rise is " + std::to_string(options.rise) + ", outside (0, " + std::to_string(most_rise) + ")");
    }
    if (!(options.start_divisor > 0.0f && options.end_divisor > 0.0f && options.max_factor > 0.0f)) {
        raise("cannot make a schedule", "one_cycle", "the divisors and the peak must be more than zero");
    }
    return schedule{detail::one_cycle_shape{total, options}};
}

}  // namespace weft
