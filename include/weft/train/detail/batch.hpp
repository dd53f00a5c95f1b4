#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include "../../core/buffer.hpp"
#include "../../core/error.hpp"
#include "../../core/samples.hpp"

/// What trainers and evaluators do with a batch on the host.
namespace weft::detail {

/// Copies targets into the policy's scalar; labels are checked against the number of classes.
template <class Loss, class T, class Target>
void copy_targets(const char* what, std::span<const Target> from, T* to, std::size_t first_sample,
                  std::size_t classes) {
    static_assert(!Loss::takes_labels || std::is_integral_v<Target>,
                  "weft: this loss takes class labels, which are whole numbers; for probabilities give it "
                  "soft_targets");
    for (std::size_t i = 0; i < from.size(); ++i) {
        if constexpr (Loss::takes_labels)
            if (from[i] < 0 || std::size_t(from[i]) >= classes)
                raise(what, "sample " + std::to_string(first_sample + i),
                      "its label is " + std::to_string(from[i]) + ", and the network has " +
                          std::to_string(classes) + " classes: labels are 0 to " +
                          std::to_string(classes - 1));
        to[i] = T(from[i]);
    }
}

/// The numbers that a loss asks for at run time, where the policy's kernels find them.
template <class T, class Memory, class Loss>
typename Memory::template buffer<T> constants_of(const Loss& loss, int size) {
    typename Memory::template buffer<T> result{std::size_t(size)};
    if constexpr (requires(std::span<T> all) { loss.fill_constants(all); })
        if (size > 0) {
            buffer<T> numbers{std::size_t(size)};
            loss.fill_constants(numbers.span());
            Memory::template write<T>(numbers.span(), result.data());
        }
    return result;
}

/// What a batch's loss counts for in the mean over all batches: its samples, or for a weighted loss their
/// weights.
template <class Loss, class T>
double share_of(const Loss& loss, const T* targets, std::size_t count) {
    if constexpr (requires { loss.weight_of(targets, count); })
        return loss.weight_of(targets, count);
    else
        return double(count);
}

/// What a batch's loss adds to the sum over all batches: the mean of so much, or a sum as it is.
template <class Loss>
double total_of(double batch_loss, double share) {
    if constexpr (requires { Loss::sums; })
        return batch_loss;
    else
        return share > 0 ? batch_loss * share : 0;
}

/// How many of n samples are predicted right (for losses that classify).
template <class Loss, class T>
std::size_t count_correct(const T* predictions, const T* targets, std::size_t n, std::size_t outputs,
                          std::size_t target_size) {
    std::size_t correct = 0;
    if constexpr (requires { Loss::classifies; }) {
        if constexpr (Loss::classifies)
            for (std::size_t i = 0; i < n; ++i)
                correct += Loss::is_correct(predictions + i * outputs, targets + i * target_size, outputs);
    }
    return correct;
}

}  // namespace weft::detail
