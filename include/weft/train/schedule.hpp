#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/error.hpp"

namespace weft {

/// A length of training in steps of the optimiser.
struct steps {
    std::int64_t count;
};

/// A length of training in passes over the data; whole or not.
struct epochs {
    double count;
};

/// A length of training: `steps{500}`, `epochs{3}`, or a plain number of steps. Raises weft::error unless it
/// is more than zero.
///
///     const duration some = steps{500}, more = epochs{2.5};
///     const double steps = more.in_steps(100);  // of 100 steps an epoch: 250
class duration {
public:
    duration(steps s) : count_(double(s.count)) { check(); }
    duration(epochs e) : count_(e.count), in_epochs_(true) { check(); }
    template <std::integral I>
    duration(I step_count) : duration(weft::steps{std::int64_t(step_count)}) {
        unit_ = false;
    }

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

    /// Of the length of all of a training: a plain number below an epoch's steps was meant as epochs. Raises
    /// weft::error that says so.
    void check_total(const char* what, std::int64_t steps_per_epoch) const {
        if (unit_ || !(count_ < double(steps_per_epoch))) return;
        const std::string count = std::to_string(std::int64_t(count_));
        raise("cannot follow a schedule", std::string(what) + "(" + count + ")",
              "a plain number is a number of steps, and an epoch has " + std::to_string(steps_per_epoch) +
                  "; write epochs{" + count + "}, or steps{" + count + "}");
    }

private:
    void check() const {
        if (!(count_ > 0.0 && count_ < 1e15)) {
            raise("cannot make a schedule", in_epochs_ ? "epochs" : "steps",
                  "a length of " + std::to_string(count_) + " is not a positive number");
        }
    }

    double count_;
    bool in_epochs_ = false, unit_ = true;
};

/// The shape of a one-cycle schedule; PyTorch's names in brackets. Errors where a schedule is made of it.
///
///     const one_cycle_options slow{.rise = 0.5f, .start_divisor = 100};
///     const schedule rate = schedule::one_cycle(epochs{20}, slow);
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
/// allocate nothing. Default: a constant factor of 1. Raises weft::error for a length, factor or floor that
/// makes no sense.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{},
///         {.epochs = 10, .rate = schedule::warmup(steps{500}, schedule::cosine(epochs{10}))});
///     const schedule falling = schedule::step_decay(epochs{30}, 0.1f);
///     const schedule cycle = schedule::one_cycle(epochs{10}, {.rise = 0.2f, .linear = true});
///     const schedule own([](std::int64_t step) { return 1 / (1 + 1e-3f * float(step)); });
class schedule {
public:
    schedule() = default;

    /// A user's own: any `f(step) -> float`, or `f(step, steps_per_epoch) -> float`, both std::int64_t.
    template <class F>
    requires(
        !std::same_as<std::remove_cvref_t<F>, schedule> &&
        (std::invocable<const std::remove_cvref_t<F>&, std::int64_t> ||
         std::invocable<const std::remove_cvref_t<F>&, std::int64_t, std::int64_t>)) explicit schedule(F&& f)
        // By the base: one shared_ptr for all shapes, which compilers make in less than a tenth of the time.
        : function_(static_cast<const function*>(new holder<std::remove_cvref_t<F>>(std::forward<F>(f)))) {}

    /// The factor of step `step`, from 0. Raises weft::error for a schedule in epochs that is not bound.
    float operator()(std::int64_t step) const { return at(step, steps_per_epoch_); }
    /// The same, where an epoch takes `steps_per_epoch` steps.
    float at(std::int64_t step, std::int64_t steps_per_epoch) const {
        return function_ ? function_->at(step < 0 ? 0 : step, steps_per_epoch) : 1.0f;
    }

    /// The same schedule, its epochs counted as `steps_per_epoch` steps each; fit does this. Raises
    /// weft::error where it would be over within an epoch, and a plain number says so: cosine(3).
    schedule bound(std::int64_t steps_per_epoch) const {
        if (steps_per_epoch < 1) {
            raise("cannot bind a schedule", "steps per epoch",
                  std::to_string(steps_per_epoch) + " is not a positive number");
        }
        check(steps_per_epoch);
        schedule result = *this;
        result.steps_per_epoch_ = steps_per_epoch;
        return result;
    }
    /// Raises what `bound` would.
    void check(std::int64_t steps_per_epoch) const {
        if (function_) function_->check(steps_per_epoch);
    }

    /// Always 1.
    static schedule constant() { return {}; }
    /// Multiplied by `factor` after each `every` (PyTorch's StepLR).
    static schedule step_decay(duration every, float factor);
    /// Multiplied by `factor` at each of the milestones, such as {epochs{30}, epochs{60}}, which count from
    /// the start, in any order (PyTorch's MultiStepLR).
    static schedule multi_step(std::vector<duration> milestones, float factor);
    /// Falls smoothly, to `factor` over each `every`: factor^(step / every) (over one step PyTorch's
    /// ExponentialLR).
    static schedule exponential(duration every, float factor);
    /// A straight line from `first` to `last` over `total`, then `last` (PyTorch's LinearLR).
    static schedule linear(duration total, float first = 1.0f, float last = 0.0f);
    /// From 1 down to `floor` along half a cosine over `first`, then from 1 again over a period that is
    /// `multiply` times as long, and so on (PyTorch's CosineAnnealingWarmRestarts; "SGDR").
    static schedule cosine_restarts(duration first, int multiply = 1, float floor = 0.0f);
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
        virtual void check(std::int64_t steps_per_epoch) const = 0;
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
        void check(std::int64_t steps_per_epoch) const override {
            if constexpr (requires { f.check(steps_per_epoch); }) f.check(steps_per_epoch);
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
    void check(std::int64_t steps_per_epoch) const { total.check_total("cosine", steps_per_epoch); }
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double part = std::fmin(1.0, double(step) / total.in_steps(steps_per_epoch));
        return double(floor) + (1.0 - double(floor)) * 0.5 * (1.0 + std::cos(pi * part));
    }
};

struct multi_step_shape {
    std::vector<duration> milestones;
    float factor;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        double result = 1.0;
        for (const duration& each : milestones)
            if (double(step) >= each.in_steps(steps_per_epoch)) result *= double(factor);
        return result;
    }
};

struct exponential_shape {
    duration every;
    float factor;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        return std::pow(double(factor), double(step) / every.in_steps(steps_per_epoch));
    }
};

struct linear_shape {
    duration total;
    float first, last;
    void check(std::int64_t steps_per_epoch) const { total.check_total("linear", steps_per_epoch); }
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double part = std::fmin(1.0, double(step) / total.in_steps(steps_per_epoch));
        return double(first) + (double(last) - double(first)) * part;
    }
};

struct cosine_restarts_shape {
    duration first;
    int multiply;
    float floor;
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        double period = first.in_steps(steps_per_epoch), at = double(step);
        if (multiply == 1) at = std::fmod(at, period);
        for (; at >= period; period *= multiply) at -= period;
        return double(floor) + (1.0 - double(floor)) * 0.5 * (1.0 + std::cos(pi * at / period));
    }
};

struct warmup_shape {
    duration length;
    schedule then;
    void check(std::int64_t steps_per_epoch) const { then.check(steps_per_epoch); }
    double operator()(std::int64_t step, std::int64_t steps_per_epoch) const {
        const double n = length.in_steps(steps_per_epoch);
        if (double(step) < n) return double(step + 1) / n;
        return double(then.at(step - std::int64_t(n), steps_per_epoch));
    }
};

struct one_cycle_shape {
    duration total;
    one_cycle_options options;
    void check(std::int64_t steps_per_epoch) const { total.check_total("one_cycle", steps_per_epoch); }

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

/// Refuses a factor that is negative, huge or undefined.
inline void check_factor(const char* schedule, float factor) {
    if (!(factor >= 0.0f && factor < 1e6f))
        raise("cannot make a schedule", schedule,
              "a factor of " + std::to_string(factor) + " is not between 0 and 1000000");
}
inline void check_floor(const char* schedule, float floor) {
    if (!(floor >= 0.0f && floor <= 1.0f))
        raise("cannot make a schedule", schedule,
              "a floor of " + std::to_string(floor) + " is not between 0 and 1");
}

}  // namespace detail

inline schedule schedule::step_decay(duration every, float factor) {
    detail::check_factor("step_decay", factor);
    return schedule{detail::step_decay_shape{every, factor}};
}

inline schedule schedule::multi_step(std::vector<duration> milestones, float factor) {
    detail::check_factor("multi_step", factor);
    return schedule{detail::multi_step_shape{std::move(milestones), factor}};
}

inline schedule schedule::exponential(duration every, float factor) {
    detail::check_factor("exponential", factor);
    return schedule{detail::exponential_shape{every, factor}};
}

inline schedule schedule::linear(duration total, float first, float last) {
    detail::check_factor("linear", first);
    detail::check_factor("linear", last);
    return schedule{detail::linear_shape{total, first, last}};
}

inline schedule schedule::cosine(duration total, float floor) {
    detail::check_floor("cosine", floor);
    return schedule{detail::cosine_shape{total, floor}};
}

inline schedule schedule::cosine_restarts(duration first, int multiply, float floor) {
    detail::check_floor("cosine_restarts", floor);
    if (multiply < 1)
        raise("cannot make a schedule", "cosine_restarts",
              "periods that are " + std::to_string(multiply) + " times as long; it must be 1 or more");
    return schedule{detail::cosine_restarts_shape{first, multiply, floor}};
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
