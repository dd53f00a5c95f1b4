#pragma once

#include "../../core/math.hpp"
#include "access.hpp"
#include "launch.hpp"
#include "run_sums.hpp"

/// What is done to gradients between the backward pass and the update. Every answer stays in the device's
/// memory, so that the host need not wait.
namespace weft::cuda_backend {

template <class Number>
struct assign {
    Number* to;
    Number value;
    WEFT_DEVICE void operator()(std::int64_t) const { *to = value; }
};

/// Writes 0 to a flag if a number is not finite; whoever writes writes the same.
template <class T>
struct look_for_not_finite {
    const T* x;
    std::int64_t n;
    int* flag;
    WEFT_DEVICE void operator()(std::int64_t i) const {
        constexpr int each = pack<T>::size;
        const std::int64_t first = i * each;
        T zero = 0;
        if (first + each <= n) {
            T some[each];
            read(x + first, some);
            for (int k = 0; k < each; ++k) zero += some[k] - some[k];
        } else {
            for (std::int64_t k = first; k < n; ++k) zero += x[k] - x[k];
        }
        if (zero != T(0)) *flag = 0;
    }
};
/// *flag = are n numbers finite? (Rules for several arrays: `more` keeps what the flag holds.)
template <class Device, class T>
void all_finite(const Device& device, const T* x, std::int64_t n, int* flag, bool more = false) {
    if (!more) for_each_index(device, 1, assign<int>{flag, 1});
    for_each_index(device, pieces(n, pack<T>::size), look_for_not_finite<T>{x, n, flag});
}

/// A sum of squares in double.
template <class T>
struct square_work {
    using number = T;
    using tally = double;
    using part = several<double, 1>;
    static constexpr int inputs = 1, fields = 1;
    const T* in[1];
    double* out;

    WEFT_DEVICE tally start(std::int64_t) const { return 0; }
    WEFT_DEVICE void take(tally& s, const T (&x)[1]) const { s += double(x[0]) * double(x[0]); }
    WEFT_DEVICE part close(tally s) const { return {{s}}; }
    WEFT_DEVICE part merge(const part& a, const part& b) const { return {{a.at[0] + b.at[0]}}; }
    WEFT_DEVICE void finish(std::int64_t, const part& p) const { *out = p.at[0]; }
};
/// Doubles of scratch that a sum of squares needs.
inline constexpr std::int64_t sum_of_squares_scratch = many_blocks;
/// *result = the sum of the squares of n numbers, along a fixed tree.
template <class Device, class T>
void sum_of_squares(const Device& device, const T* x, std::int64_t n, double* scratch, double* result) {
    sum_runs(device, square_work<T>{{x}, result}, run_sizes{1, 1, 0, 1, 0, n}, scratch);
}

/// Each number to [-limit, limit]; NaN stays.
template <class T>
struct limit_each {
    T limit;
    WEFT_DEVICE T operator()(T x) const { return x > limit ? limit : x < -limit ? -limit : x; }
};
/// Each number times max_norm / (norm + 1e-6) if that is below 1 (NaN stays); the norm's square is the
/// device's.
template <class T>
struct limit_norm {
    const double* square;
    float max_norm;
    WEFT_DEVICE T operator()(T x) const {
        const double factor = double(max_norm) / (math::sqrt(*square) + 1e-6);
        return factor >= 1 ? x : x * T(factor);
    }
};
template <class Each, class T>
struct change_each {
    Each each;
    T* x;
    std::int64_t n;
    WEFT_DEVICE void operator()(std::int64_t i) const {
        constexpr int size = pack<T>::size;
        const std::int64_t first = i * size;
        if (first + size <= n) {
            T some[size];
            read(x + first, some);
            for (int k = 0; k < size; ++k) some[k] = each(some[k]);
            write(x + first, some);
        } else {
            for (std::int64_t k = first; k < n; ++k) x[k] = each(x[k]);
        }
    }
};
template <class Device, class T>
void clip_by_value(const Device& device, T* x, std::int64_t n, T limit) {
    for_each_index(device, pieces(n, pack<T>::size), change_each<limit_each<T>, T>{{limit}, x, n});
}
template <class Device, class T>
void clip_by_norm(const Device& device, T* x, std::int64_t n, const double* sum_of_squares, float max_norm) {
    for_each_index(device, pieces(n, pack<T>::size),
                   change_each<limit_norm<T>, T>{{sum_of_squares, max_norm}, x, n});
}

}  // namespace weft::cuda_backend
