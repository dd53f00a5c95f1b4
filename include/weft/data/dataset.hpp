#pragma once
/// Samples in memory.
///
///     data::dataset<float, int> two({5.1f, 3.5f, 1.4f, 0.2f,   // the numbers of a sample
///                                    7.0f, 3.2f, 4.7f, 1.4f},
///                                   {0, 1}, 4);                // a class each; a sample has 4 numbers
///     const auto first = data::take(two, 0, 1);
///     const std::vector<std::size_t> wanted = {1, 0, 1};
///     const auto three = data::select<float, int>(two, wanted);
///     std::vector<float> inputs(3 * 4);
///     std::vector<int> targets(3);
///     data::gather<float, int>(two, wanted, inputs, targets);  // the same, without an allocation

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/message.hpp"

namespace weft::data {

/// Samples in memory, one after another: `inputs` is size() x input_size and `targets` is size() x
/// target_size, both row-major. Class labels are one int per sample (target_size 1); `class_names` may name
/// them. A target_size of 0 is for losses that take no targets.
template <class Input = float, class Target = int>
struct dataset {
    using input_type = Input;
    using target_type = Target;

    std::vector<Input> inputs = {};
    std::vector<Target> targets = {};
    std::size_t input_size = 0;
    std::size_t target_size = 1;
    std::vector<std::string> class_names = {};

    dataset() = default;
    /// Takes arrays over. Error unless both hold the same whole number of samples.
    dataset(std::vector<Input> inputs_, std::vector<Target> targets_, std::size_t input_size_,
            std::size_t target_size_ = 1, std::vector<std::string> class_names_ = {})
        : inputs(std::move(inputs_)),
          targets(std::move(targets_)),
          input_size(input_size_),
          target_size(target_size_),
          class_names(std::move(class_names_)) {
        check();
    }

    /// The number of samples.
    std::size_t size() const { return input_size == 0 ? 0 : inputs.size() / input_size; }
    bool empty() const { return size() == 0; }

    /// The numbers of sample `i`: input_size of them. Error past the end.
    std::span<const Input> input(std::size_t i) const {
        check_index(i);
        return {inputs.data() + i * input_size, input_size};
    }
    /// The targets of sample `i`: target_size of them. Error past the end.
    std::span<const Target> target(std::size_t i) const {
        check_index(i);
        return {targets.data() + i * target_size, target_size};
    }

    /// Error unless the members fit together; for code that fills them by hand.
    void check() const {
        if (input_size == 0) fail({"a sample needs at least one input"});
        if (inputs.size() % input_size != 0)
            fail({decimal(inputs.size()), " inputs are no whole number of samples of ", decimal(input_size)});
        if (target_size == 0) {
            if (!targets.empty()) fail({decimal(targets.size()), " targets, none of them for a sample"});
            return;
        }
        if (targets.size() % target_size != 0)
            fail({decimal(targets.size()), " targets are no whole number of samples of ",
                  decimal(target_size)});
        if (inputs.size() / input_size != targets.size() / target_size)
            fail({decimal(inputs.size() / input_size), " samples of inputs, but ",
                  decimal(targets.size() / target_size), " of targets"});
    }

private:
    using decimal = weft::detail::decimal;
    [[noreturn]] static void fail(std::initializer_list<std::string_view> why) {
        weft::detail::raise_parts("cannot make dataset", "arrays", why);
    }
    void check_index(std::size_t i) const {
        if (i >= size() || (target_size != 0 && i >= targets.size() / target_size))
            weft::detail::raise_parts("cannot take sample", decimal(i),
                                      {"the dataset has ", decimal(size()), " samples"});
    }
};

/// The two halves that a benchmark data set comes in.
template <class Input = float, class Target = int>
struct train_test {
    dataset<Input, Target> train, test;
};

namespace detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_to_gather(std::size_t samples, std::size_t input_size,
                                                                  std::size_t target_size, std::size_t inputs,
                                                                  std::size_t targets) {
    using weft::detail::decimal, weft::detail::message;
    weft::detail::raise_parts(
        "cannot gather a batch", message({decimal(samples), " samples"}),
        {"they need room for ", decimal(samples * input_size), " inputs and ", decimal(samples * target_size),
         " targets, got ", decimal(inputs), " and ", decimal(targets)});
}

}  // namespace detail

/// Copies the samples named by `indices`, in that order, to `inputs` (indices.size() x input_size) and
/// `targets` (indices.size() x target_size). Allocates nothing. Error where a size or an index does not fit.
template <class Input, class Target>
void gather(const dataset<Input, Target>& from, std::span<const std::size_t> indices, std::span<Input> inputs,
            std::span<Target> targets) {
    if (inputs.size() != indices.size() * from.input_size ||
        targets.size() != indices.size() * from.target_size)
        detail::fail_to_gather(indices.size(), from.input_size, from.target_size, inputs.size(),
                               targets.size());
    for (std::size_t row = 0; row < indices.size(); ++row) {
        const auto input = from.input(indices[row]);
        const auto target = from.target(indices[row]);
        for (std::size_t i = 0; i < input.size(); ++i) inputs[row * from.input_size + i] = input[i];
        for (std::size_t i = 0; i < target.size(); ++i) targets[row * from.target_size + i] = target[i];
    }
}

/// A new dataset of the samples named by `indices`, in that order; an index may occur more than once. Error
/// for one past the end.
template <class Input, class Target>
dataset<Input, Target> select(const dataset<Input, Target>& from, std::span<const std::size_t> indices) {
    dataset<Input, Target> picked;
    picked.input_size = from.input_size;
    picked.target_size = from.target_size;
    picked.class_names = from.class_names;
    picked.inputs.resize(indices.size() * from.input_size);
    picked.targets.resize(indices.size() * from.target_size);
    gather(from, indices, std::span<Input>(picked.inputs), std::span<Target>(picked.targets));
    return picked;
}

/// `count` samples from `first` on. Error where samples past the end are asked for.
template <class Input, class Target>
dataset<Input, Target> take(const dataset<Input, Target>& from, std::size_t first, std::size_t count) {
    if (first > from.size() || count > from.size() - first)
        weft::detail::raise_parts(
            "cannot take samples",
            weft::detail::message({weft::detail::decimal(count), " from ", weft::detail::decimal(first)}),
            {"the dataset has ", weft::detail::decimal(from.size()), " samples"});
    dataset<Input, Target> taken;
    taken.input_size = from.input_size;
    taken.target_size = from.target_size;
    taken.class_names = from.class_names;
    const auto inputs = std::span(from.inputs).subspan(first * from.input_size, count * from.input_size);
    const auto targets = std::span(from.targets).subspan(first * from.target_size, count * from.target_size);
    taken.inputs.assign(inputs.begin(), inputs.end());
    taken.targets.assign(targets.begin(), targets.end());
    return taken;
}

}  // namespace weft::data
