#pragma once
/// Random orders of samples, from a seed: the same on every machine.
///
///     auto [train, test] = data::stratified_split(flowers, 0.2, seed{1});  // each class in the same share
///     auto [rest, held_out] = data::split(houses, 0.2, seed{1});
///     const auto mixed = data::shuffled(train, seed{2});
///     std::vector<std::size_t> order = data::permutation(100, seed{1});
///     data::permute(order, seed{1}, 2);  // that of another epoch

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/random.hpp"
#include "dataset.hpp"

namespace weft::data {

namespace detail {

/// Keeps the random numbers of shuffling apart from those of weights and dropout under one seed.
inline constexpr std::uint64_t shuffle_stream = 0x7368'7566'0000'0000u;

inline void fisher_yates(std::span<std::size_t> order, random_stream& random) {
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.below(std::uint32_t(i))]);
}

inline std::size_t held_out_count(std::size_t samples, double fraction) {
    if (!(fraction >= 0.0 && fraction <= 1.0))
        raise("cannot split dataset", "fraction " + std::to_string(fraction), "it must lie between 0 and 1");
    return std::size_t(std::llround(double(samples) * fraction));
}

}  // namespace detail

/// Fills `order` with 0 … n-1 in the random order (Fisher-Yates over Philox) that `s` and `epoch` decide: the
/// same on every machine, another one for each epoch. Allocates nothing. Error from 2^32 samples on.
inline void permute(std::span<std::size_t> order, seed s, std::uint64_t epoch = 0) {
    if (order.size() > 0xFFFF'FFFFu)
        weft::detail::raise_parts("cannot shuffle",
                                  weft::detail::message({weft::detail::decimal(order.size()), " samples"}),
                                  {"2^32 - 1 is the most"});
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random_stream random{s, detail::shuffle_stream + epoch};
    detail::fisher_yates(order, random);
}

/// 0 … n-1 in the random order of permute. Errors as there.
inline std::vector<std::size_t> permutation(std::size_t n, seed s, std::uint64_t epoch = 0) {
    std::vector<std::size_t> order(n);
    permute(order, s, epoch);
    return order;
}

/// The same samples in random order. Errors as permute.
template <class Input, class Target>
dataset<Input, Target> shuffled(const dataset<Input, Target>& from, seed s) {
    return select(from, std::span<const std::size_t>(permutation(from.size(), s)));
}

/// Shuffles, then cuts: `auto [rest, held_out] = split(all, 0.2, seed{1})` holds out a fifth of the samples
/// (rounded to the nearest whole number). Error unless 0 <= held_out <= 1.
template <class Input, class Target>
std::pair<dataset<Input, Target>, dataset<Input, Target>> split(const dataset<Input, Target>& from,
                                                                double held_out, seed s) {
    const std::size_t kept = from.size() - detail::held_out_count(from.size(), held_out);
    const auto order = permutation(from.size(), s);
    const std::span<const std::size_t> all(order);
    return {select(from, all.first(kept)), select(from, all.subspan(kept))};
}

/// Like split, but holds out the fraction of each class (rounded per class), so that both parts have the
/// classes in the same shares. Error unless 0 <= held_out <= 1 and each sample has one label.
template <class Input>
std::pair<dataset<Input, int>, dataset<Input, int>> stratified_split(const dataset<Input, int>& from,
                                                                     double held_out, seed s) {
    if (from.target_size != 1)
        raise("cannot split dataset by class", "targets",
              "a sample has " + std::to_string(from.target_size) + " of them, not one label");
    std::vector<int> labels(from.targets);
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    const auto place = [&](int label) {
        return std::size_t(std::lower_bound(labels.begin(), labels.end(), label) - labels.begin());
    };
    std::vector<std::size_t> quota(labels.size());
    for (const int label : from.targets) ++quota[place(label)];
    for (std::size_t& count : quota) count = detail::held_out_count(count, held_out);
    std::vector<std::size_t> kept, held;
    for (const std::size_t i : permutation(from.size(), s)) {
        std::size_t& left = quota[place(from.targets[i])];
        (left > 0 ? held : kept).push_back(i);
        if (left > 0) --left;
    }
    return {select(from, std::span<const std::size_t>(kept)),
            select(from, std::span<const std::size_t>(held))};
}

}  // namespace weft::data
