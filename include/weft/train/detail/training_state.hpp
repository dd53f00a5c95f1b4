#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/metadata.hpp"
#include "../../core/named_tensor.hpp"
#include "../../graph/lower.hpp"

namespace weft::detail {

/// The numbers that training goes on from beside a model and an optimiser's, as a checkpoint has them: whole
/// numbers in two digits each, which a float holds exactly.
template <class T>
struct training_counters {
    static constexpr std::int64_t digit = std::int64_t(1) << 20;

    T steps[2] = {};
    T skipped[2] = {};     ///< steps whose gradients overflowed
    T loss_scale[2] = {};  ///< and the updates since it changed

    static std::int64_t number(const T (&digits)[2]) {
        return std::int64_t(digits[0]) + std::int64_t(digits[1]) * digit;
    }
    static void count(T (&digits)[2]) {
        const std::int64_t next = number(digits) + 1;
        digits[0] = T(next % digit);
        digits[1] = T(next / digit);
    }
    /// Error if numbers that were read from a file are none that these can be. They are the last that
    /// training_state lists.
    static void check(std::span<const T> read, bool scaled, const std::string& where) {
        const auto whole = [](T d) { return d >= 0 && d < T(digit) && d == std::floor(d); };
        const auto of = [&](std::size_t from) { return read.last(from).first(2); };
        const auto require = [&](bool good, const char* name, const char* what) {
            if (!good)
                raise("cannot load a trainer", where, std::string("'optimizer.") + name + "' is no " + what);
        };
        const auto steps = of(scaled ? 6 : 2);
        require(whole(steps[0]) && whole(steps[1]), "steps", "number of steps");
        if (!scaled) return;
        const auto skipped = of(4);
        require(whole(skipped[0]) && whole(skipped[1]), "skipped", "number of steps");
        require(skipped[1] < steps[1] || (skipped[1] == steps[1] && skipped[0] <= steps[0]), "skipped",
                "part of the steps made");
        int exponent = 0;
        require(std::isfinite(of(2)[0]) && std::frexp(of(2)[0], &exponent) == T(0.5) && exponent >= 1 &&
                    exponent <= 33 && whole(of(2)[1]),
                "loss_scale", "power of two from 1 to 2^32 and a number of steps");
    }
};

/// What a checkpoint says of its training in words.
struct training_facts {
    std::uint64_t seed = 0;
    std::string_view optimizer = {};            ///< its kind; empty where it has none
    std::uint64_t batch_size = 0, batches = 0;  ///< of fit's epochs; 0 where all steps were a program's own

    metadata_entries entries() const {
        metadata_entries all{{"weft.seed", std::to_string(seed)}};
        if (!optimizer.empty()) all.emplace_back("weft.optimizer", optimizer);
        if (batches > 0) {
            all.emplace_back("weft.batch_size", std::to_string(batch_size));
            all.emplace_back("weft.batches_per_epoch", std::to_string(batches));
        }
        return all;
    }
    /// With what a file says instead. Error where that is of another optimiser, or no number.
    training_facts read(const metadata_entries& metadata, const std::string& where) const {
        const auto number = [&](const char* key, std::uint64_t otherwise) {
            const std::string* const text = find_metadata(metadata, key);
            if (text == nullptr) return otherwise;
            std::uint64_t value = 0;
            const char* const end = text->data() + text->size();
            const auto result = std::from_chars(text->data(), end, value);
            if (result.ec != std::errc{} || result.ptr != end)
                raise("cannot load a trainer", where,
                      std::string("'") + key + "' in its metadata is no whole number");
            return value;
        };
        const std::string* const kind = find_metadata(metadata, "weft.optimizer");
        if (kind != nullptr && *kind != optimizer)
            raise("cannot load a trainer", where,
                  "the file has the state of the optimiser '" + *kind + "', and the trainer " +
                      (optimizer.empty() ? "one of its own" : "is of '" + std::string(optimizer) + "'"));
        return {number("weft.seed", seed), optimizer, number("weft.batch_size", 0),
                number("weft.batches_per_epoch", 0)};
    }
};

template <class Optimizer>
constexpr std::string_view kind_of() {
    if constexpr (requires { Optimizer::kind; })
        return Optimizer::kind;
    else
        return {};
}

/// All that training goes on from, by name: the model's parameters and statistics, the optimiser's numbers
/// beside each parameter ("optimizer.0.<name>", …), and the counters.
template <class T, class Model, class Counters>
std::vector<named_tensor<T>> training_state(Model& model, std::span<T> slots, std::size_t slot_count,
                                            Counters& counters, bool scaled) {
    std::vector<named_tensor<T>> all;
    for (const auto& tensor : model.state()) all.push_back({tensor.name, tensor.shape, tensor.data});
    const std::size_t n = slot_count > 0 ? slots.size() / slot_count : 0;
    for (std::size_t k = 0; k < slot_count; ++k)
        for (const graph::parameter_record& p : Model::inference::source.parameters)
            if (!p.is_state)
                all.push_back({"optimizer." + std::to_string(k) + "." + p.name,
                               std::vector<std::size_t>(p.dims.at, p.dims.at + p.dims.rank),
                               slots.subspan(k * n + std::size_t(p.offset), std::size_t(p.dims.size()))});
    all.push_back({"optimizer.steps", {2}, counters.steps});
    if (scaled) {
        all.push_back({"optimizer.skipped", {2}, counters.skipped});
        all.push_back({"optimizer.loss_scale", {2}, counters.loss_scale});
    }
    return all;
}

/// A copy on the host of all that a trainer on a device goes on from.
template <class HostModel, class Optimizer, bool Scaled>
struct training_copy {
    using scalar = typename HostModel::scalar;
    HostModel model;
    std::vector<scalar> slots;
    training_counters<scalar> counters;
    training_facts facts;

    std::vector<named_tensor<scalar>> state() {
        return training_state<scalar>(model, std::span(slots), Optimizer::slots, counters, Scaled);
    }
    std::vector<named_tensor<const scalar>> state() const {
        return training_state<const scalar>(model, std::span(slots), Optimizer::slots, counters, Scaled);
    }
    static void check_state(std::span<const scalar> numbers, const std::string& where) {
        training_counters<scalar>::check(numbers, Scaled, where);
    }
    metadata_entries metadata() const { return facts.entries(); }
    void check_metadata(const metadata_entries& metadata, const std::string& where) const {
        facts.read(metadata, where);
    }
    void take_metadata(const metadata_entries& metadata) { facts = facts.read(metadata, {}); }
};

}  // namespace weft::detail
