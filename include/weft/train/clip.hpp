#pragma once
/// Limits on gradients, between the backward pass and the update. Error for a limit that is not more than 0.
///
///     model<net, cpu> model{seed{1}};
///     fit(model, flowers, softmax_cross_entropy, adam{}, {.clip = clip_by_value{0.5f}});
///     trainer train{model, softmax_cross_entropy, adam{}};
///     train.clip(clip_by_norm{1});
///     const clipping none;  // what is done unless one is given
///     std::vector<float> gradients = {3, 4};
///     const double norm = global_norm<float>(gradients);  // 5

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include "../core/error.hpp"

namespace weft {

namespace detail {

/// Numbers per leaf of a sum; the tree above depends on the length alone, so whoever adds the leaves, in
/// whatever order, gets the same bits.
inline constexpr std::size_t sum_leaf = 4096;

inline constexpr std::size_t sum_leaves(std::size_t n) { return (n + sum_leaf - 1) / sum_leaf; }

/// The sum of the squares of leaf `index` of `x`, in double, in eight interleaved rows.
template <class T>
double leaf_sum_of_squares(std::span<const T> x, std::size_t index) {
    const std::size_t begin = index * sum_leaf;
    const std::size_t n = x.size() - begin < sum_leaf ? x.size() - begin : sum_leaf;
    double rows[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (std::size_t k = 0; k < 8; ++k) {
            const double v = double(x[begin + i + k]);
            rows[k] += v * v;
        }
    }
    for (std::size_t k = 0; i + k < n; ++k) {
        const double v = double(x[begin + i + k]);
        rows[k] += v * v;
    }
    return ((rows[0] + rows[4]) + (rows[2] + rows[6])) + ((rows[1] + rows[5]) + (rows[3] + rows[7]));
}

/// leaf(first) + ... + leaf(first + count - 1) as a balanced binary tree. `leaf` may read what threads have
/// computed before.
template <class Leaf>
double tree_sum(const Leaf& leaf, std::size_t first, std::size_t count) {
    if (count == 0) return 0.0;
    if (count == 1) return leaf(first);
    const std::size_t half = count / 2;
    return tree_sum(leaf, first, half) + tree_sum(leaf, first + half, count - half);
}

template <class T>
struct squares_of {
    std::span<const T> x;
    double operator()(std::size_t index) const { return leaf_sum_of_squares(x, index); }
};

}  // namespace detail

/// The Euclidean norm of all values together: summed in double along a fixed tree, so its bits do not depend
/// on threads. Not finite where a value is not.
template <class T>
double global_norm(std::span<const T> values) {
    return std::sqrt(detail::tree_sum(detail::squares_of<T>{values}, 0, detail::sum_leaves(values.size())));
}

/// Clips each gradient to [-limit, limit] (PyTorch's clip_grad_value_). NaN stays NaN.
struct clip_by_value {
    float limit = 1.0f;
};

/// Scales all gradients by max_norm / (norm + 1e-6) where their global Euclidean norm is larger (PyTorch's
/// clip_grad_norm_; Pascanu et al., "On the difficulty of training recurrent neural networks", 2013).
struct clip_by_norm {
    float max_norm = 1.0f;

    /// The factor for gradients of norm `norm`: at most 1, NaN for NaN.
    double factor(double norm) const {
        const double f = double(max_norm) / (norm + 1e-6);
        return f >= 1.0 ? 1.0 : f;
    }
};

/// What is done to the gradients between the backward pass and the update: nothing, clip_by_value or
/// clip_by_norm, all of which convert to it.
class clipping {
public:
    enum class kind { none, value, norm };

    constexpr clipping() = default;
    /// Raises weft::error for a limit that is not more than zero.
    clipping(clip_by_value by) : kind_(kind::value), limit_(by.limit) { check("clip_by_value"); }
    clipping(clip_by_norm by) : kind_(kind::norm), limit_(by.max_norm) { check("clip_by_norm"); }

    constexpr kind which() const { return kind_; }
    /// The limit or the largest norm; 0 for none.
    constexpr float limit() const { return limit_; }
    /// The limit of that kind, or 0.
    constexpr float value_limit() const { return kind_ == kind::value ? limit_ : 0; }
    constexpr float norm_limit() const { return kind_ == kind::norm ? limit_ : 0; }
    constexpr explicit operator bool() const { return kind_ != kind::none; }

    /// Clips `grads` in place with one thread. The norm is that of the whole span, so pass all gradients at
    /// once.
    template <class T>
    void apply(std::span<T> grads) const {
        if (kind_ == kind::value) {
            const T limit = T(limit_);
            for (T& g : grads) g = g > limit ? limit : g < -limit ? -limit : g;
        } else if (kind_ == kind::norm) {
            const double norm = global_norm(std::span<const T>(grads));
            const double f = clip_by_norm{limit_}.factor(norm);
            if (f == 1.0) return;
            for (T& g : grads) g = g * T(f);
        }
    }

private:
    void check(const char* name) const {
        if (!(limit_ > 0.0f)) {
            raise("cannot clip gradients", name,
                  "a limit of " + std::to_string(limit_) + " is not more than 0");
        }
    }

    kind kind_ = kind::none;
    float limit_ = 0.0f;
};

}  // namespace weft
