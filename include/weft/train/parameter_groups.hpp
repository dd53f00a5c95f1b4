#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../graph/parameters.hpp"

namespace weft {

/// What is other than the optimiser says; what is left out stays. Errors where a trainer or `fit` takes them:
/// for a weight decay where the optimiser has none, and values that make no sense.
///
///     const group_settings held{.learning_rate = 0};  // parameters that stay as they are
struct group_settings {
    std::optional<float> learning_rate = {};  ///< still scaled by the schedule; 0 holds parameters still
    std::optional<float> weight_decay = {};
};

/// Parameters by name, and how they are trained. A trainer or `fit` takes a list; where entries overlap, each
/// changes what it sets and later ones win. Errors where a trainer or `fit` takes them: for names that no
/// parameter has, and any group on a device, which trains all parameters alike.
///
///     model<net, cpu> model{seed{1}};
///     trainer train{model, softmax_cross_entropy, adamw{}};
///     train.groups({{"0.*", {.learning_rate = 1e-4f}}, no_decay_for_biases});
struct parameter_group {
    std::string names;  ///< such as "0.weight" or "head.*": '*' stands for any characters
    group_settings settings = {};
    bool biases_and_scales = false;  ///< of these only biases, and the scales and shifts of norms
};

/// No weight decay for biases, nor for the scales and shifts of norms: for what has one axis, is called
/// "bias", or starts as ones. No errors.
inline const parameter_group no_decay_for_biases{"*", {.weight_decay = 0.0f}, true};

namespace detail {

/// Does a name fit a pattern in which '*' stands for any characters?
inline bool name_fits(std::string_view name, std::string_view pattern) {
    std::size_t n = 0, p = 0, star = std::string_view::npos, from = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {  // the last star takes one more
            p = star + 1;
            n = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

inline bool is_bias_or_scale(const graph::parameter_record& p) {
    const std::string_view name = p.name;
    return p.dims.rank <= 1 || name == "bias" || name.ends_with(".bias") || p.init.kind == init_kind::ones;
}

/// Parameters that lie together and are trained alike.
struct parameter_run {
    std::size_t first, count;
    group_settings settings;
};

/// All trained parameters in runs, or each tensor for itself. Raises weft::error for a group that has none.
inline std::vector<parameter_run> runs_of(std::span<const parameter_group> groups,
                                          std::span<const graph::parameter_record> parameters,
                                          bool each_tensor) {
    std::vector<parameter_run> runs;
    std::vector<bool> used(groups.size());
    std::string known;
    for (const graph::parameter_record& p : parameters) {
        if (p.is_state) continue;
        known += (known.empty() ? "" : ", ") + std::string(p.name);
        parameter_run run{std::size_t(p.offset), std::size_t(p.dims.size()), {}};
        for (std::size_t k = 0; k < groups.size(); ++k) {
            if (!name_fits(p.name, groups[k].names)) continue;
            used[k] = true;
            if (groups[k].biases_and_scales && !is_bias_or_scale(p)) continue;
            const group_settings& s = groups[k].settings;
            if (s.learning_rate) run.settings.learning_rate = s.learning_rate;
            if (s.weight_decay) run.settings.weight_decay = s.weight_decay;
        }
        const bool goes_on = !runs.empty() && !each_tensor &&
                             runs.back().first + runs.back().count == run.first &&
                             runs.back().settings.learning_rate == run.settings.learning_rate &&
                             runs.back().settings.weight_decay == run.settings.weight_decay;
        if (goes_on)
            runs.back().count += run.count;
        else
            runs.push_back(run);
    }
    for (std::size_t k = 0; k < groups.size(); ++k)
        if (!used[k])
            raise("cannot group parameters", "'" + groups[k].names + "'",
                  "no parameter has such a name; there are " + (known.empty() ? "none" : known));
    return runs;
}

/// An optimiser as a group has it. Raises weft::error where it has no such setting, or the value makes no
/// sense.
template <class Optimizer>
Optimizer with_settings(Optimizer optimizer, const group_settings& settings) {
    if (settings.learning_rate) {
        if constexpr (requires { optimizer.learning_rate = 0.0f; })
            optimizer.learning_rate = *settings.learning_rate;
        else
            raise("cannot group parameters", "learning_rate", "the optimiser's cannot be set");
    }
    if (settings.weight_decay) {
        if constexpr (requires { optimizer.weight_decay = 0.0f; })
            optimizer.weight_decay = *settings.weight_decay;
        else if (*settings.weight_decay != 0)
            raise("cannot group parameters", "weight_decay", "the optimiser has none");
    }
    (void)optimizer.template at<float>(1, optimizer.learning_rate);  // refuses senseless values
    return optimizer;
}

}  // namespace detail
}  // namespace weft
