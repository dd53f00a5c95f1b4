#pragma once

#include "../device/clipping.hpp"
#include "../device/verdict.hpp"
#include "update.hpp"

namespace weft::thrust_backend {

/// What is known of some gradients.
struct gradient_sums {
    double squares;
    int broken;  ///< is one of them not finite?

    WEFT_DEVICE constexpr void add(const gradient_sums& other) {
        squares += other.squares;
        broken |= other.broken;
    }
};

/// Gradients are examined in so many lanes, whose results are added in parts: the order of a sum depends on
/// nothing but their number.
inline constexpr std::ptrdiff_t examined_lanes = 16384, examined_parts = 128;

/// One lane: the gradients index, index + lanes, …, so that neighbours read neighbours.
template <class T>
struct examine_lanes {
    const T* gradients;
    std::ptrdiff_t n;
    gradient_sums* lanes;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        gradient_sums all{0, 0};
        for (std::ptrdiff_t i = index; i < n; i += examined_lanes)
            all.add({double(gradients[i]) * double(gradients[i]), device::is_broken(gradients[i])});
        lanes[index] = all;
    }
};
/// One part: the lanes index, index + parts, ….
struct examine_parts {
    const gradient_sums* lanes;
    gradient_sums* parts;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        gradient_sums all{0, 0};
        for (std::ptrdiff_t i = index; i < examined_lanes; i += examined_parts) all.add(lanes[i]);
        parts[index] = all;
    }
};
/// All parts together.
struct conclude_parts {
    const gradient_sums* parts;
    float norm_limit;
    device::verdict* result;

    WEFT_DEVICE void operator()(std::ptrdiff_t) const {
        gradient_sums all{0, 0};
        for (std::ptrdiff_t i = 0; i < examined_parts; ++i) all.add(parts[i]);
        result->finite = !all.broken;
        result->factor = device::norm_factor(norm_limit, all.squares);
    }
};

/// A piece of the parameters, if the verdict allows it. The rule is in the device's memory.
template <int Slots, class Rule, class T>
struct guarded_pieces {
    const Rule* rule;
    const device::verdict* guard;
    T value_limit;
    parameter_pieces<T> all;

    WEFT_DEVICE void operator()(std::ptrdiff_t index) const {
        if (!guard->finite) return;
        const Rule own = *rule;
        const double factor = guard->factor;
        const std::ptrdiff_t first = all.first(index), last = all.last(index);
        WEFT_INDEPENDENT
        for (std::ptrdiff_t i = first; i < last; ++i) {
            T g = all.gradients[i];
            if (factor != 1) g *= T(factor);
            all.template apply<Slots>(own, i, device::limited(g, value_limit));
        }
    }
};

/// Starts an update that happens only if all gradients are finite, clipped before; a limit that is 0 limits
/// nothing. `sums` has room for the results of lanes and parts.
template <int Slots, class System, class Rule, class T>
void guarded_update(const System& on, const Rule* rule, gradient_sums* sums, device::verdict* guard,
                    float value_limit, float norm_limit, const parameter_pieces<T>& all) {
    gradient_sums* const parts = sums + examined_lanes;
    for_each_index(on, examined_lanes, pieces(all.n, examined_lanes),
                   examine_lanes<T>{all.gradients, all.n, sums});
    for_each_index(on, examined_parts, examined_lanes / examined_parts, examine_parts{sums, parts});
    for_each_index(on, 1, examined_parts, conclude_parts{parts, norm_limit, guard});
    for_each_index(on, all.count(), all.piece,
                   guarded_pieces<Slots, Rule, T>{rule, guard, T(value_limit), all});
}

}  // namespace weft::thrust_backend
