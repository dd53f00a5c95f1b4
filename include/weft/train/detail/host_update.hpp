#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "../../core/buffer.hpp"
#include "../clip.hpp"
#include "../optimizer.hpp"
#include "../parameter_groups.hpp"

namespace weft::detail {

/// A rule for parameters whose step's direction is known.
template <class T>
struct step_along {
    T length;
    template <class V>
    constexpr void operator()(V& parameter, const V& direction, V*) const {
        parameter = parameter - length * direction;
    }
};

/// An optimiser's steps on the host: one sweep over all parameters, or, where groups of them are trained
/// otherwise or the optimiser looks at whole tensors, one over each run.
template <class Policy, class Optimizer>
class host_updates {
    using scalar = typename Policy::scalar;
    static constexpr int slots = Optimizer::slots;

public:
    host_updates(const Optimizer& optimizer, std::span<const graph::parameter_record> parameters) {
        if constexpr (is_whole_tensor<Optimizer>) group(optimizer, {}, parameters);
    }
    void group(const Optimizer& optimizer, std::span<const parameter_group> groups,
               std::span<const graph::parameter_record> parameters) {
        std::vector<parameter_run> runs;
        if (is_whole_tensor<Optimizer> || !groups.empty())
            runs = runs_of(groups, parameters, is_whole_tensor<Optimizer>);
        std::vector<Optimizer> optimizers;
        std::size_t largest = 0;
        for (const parameter_run& run : runs) {
            optimizers.push_back(with_settings(optimizer, run.settings));
            largest = std::max(largest, run.count);
        }
        if constexpr (is_whole_tensor<Optimizer>) directions_ = buffer<scalar>(largest);
        runs_ = std::move(runs);
        optimizers_ = std::move(optimizers);
    }
    /// Step `step` of all n parameters; `rule` is the optimiser's own, and `rate` scales those of the groups.
    template <class Rule>
    void run(const Rule& rule, std::int64_t step, float rate, std::size_t n, scalar* parameters,
             const scalar* gradients, scalar* state) {
        if (runs_.empty()) Policy::template update<slots>(rule, n, parameters, gradients, state, n);
        for (std::size_t k = 0; k < runs_.size(); ++k) {
            const auto& [first, count, settings] = runs_[k];
            const Optimizer& o = optimizers_[k];
            const auto own = o.template at<scalar>(step, scalar(o.learning_rate) * scalar(rate));
            if constexpr (is_whole_tensor<Optimizer>)
                whole(own, n, count, parameters + first, gradients + first, state + first);
            else
                Policy::template update<slots>(own, count, parameters + first, gradients + first,
                                               state + first, n);
        }
    }

private:
    template <class Rule>
    void whole(const Rule& rule, std::size_t n, std::size_t count, scalar* parameters,
               const scalar* gradients, scalar* state) {
        scalar* const direction = directions_.data();
        std::copy_n(parameters, count, direction);
        Policy::template update<slots>(rule, count, direction, gradients, state, n);
        const double own = global_norm(std::span<const scalar>(parameters, count)),
                     other = global_norm(std::span<const scalar>(direction, count));
        const step_along<scalar> all{rule.length(own, other)};
        Policy::template update<0>(all, count, parameters, direction, direction, 0);
    }

    std::vector<parameter_run> runs_;
    std::vector<Optimizer> optimizers_;  // of each run
    buffer<scalar> directions_;          // of the largest tensor, if they are asked for
};

}  // namespace weft::detail
