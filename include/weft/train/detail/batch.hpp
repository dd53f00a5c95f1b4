#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include "../../core/buffer.hpp"
#include "../../core/error.hpp"

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
                          std::to_string(classes) + " classes");
        to[i] = T(from[i]);
    }
}

/// Are all numbers finite? Every product with zero then is zero, so that one sum tells, in lanes of its own.
template <class T>
bool is_finite(std::span<const T> x) {
    constexpr std::size_t width = 16;
    T probe[width] = {};
    std::size_t i = 0;
    for (; i + width <= x.size(); i += width)
        for (std::size_t k = 0; k < width; ++k) probe[k] += x[i + k] * T(0);
    for (; i < x.size(); ++i) probe[0] += x[i] * T(0);
    for (T p : probe)
        if (p != T(0)) return false;
    return true;
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
