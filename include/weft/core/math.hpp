#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

/// The elementary functions, usable in constant expressions too. At run time they are the standard library's.
namespace weft::math {

namespace detail {

constexpr double exp(double x) {
    if (x != x) return x;
    if (x > 709.78) return std::numeric_limits<double>::infinity();
    if (x < -745.2) return 0;
    const double n = double(static_cast<long long>(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5)));
    const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    double term = 1, sum = 1;
    for (int i = 1; i < 18; ++i) sum += term *= r / i;
    for (int i = 0; i < int(n); ++i) sum *= 2;
    for (int i = 0; i > int(n); --i) sum /= 2;
    return sum;
}

constexpr double log(double x) {
    if (x != x || x < 0) return std::numeric_limits<double>::quiet_NaN();
    if (x == 0) return -std::numeric_limits<double>::infinity();
    if (x > std::numeric_limits<double>::max()) return x;
    int n = 0;
    while (x > 1.4142135623730951) x /= 2, ++n;
    while (x < 0.7071067811865476) x *= 2, --n;
    const double z = (x - 1) / (x + 1), z2 = z * z;
    double power = z, sum = 0;
    for (int i = 1; i < 40; i += 2, power *= z2) sum += power / i;
    return 2 * sum + n * 0.6931471805599453;
}

constexpr double expm1(double x) {
    if (x < -0.5 || x > 0.5 || x != x) return exp(x) - 1;
    double term = x, sum = x;
    for (int i = 2; i < 18; ++i) sum += term *= x / i;
    return sum;
}

/// With what 1 + x loses to rounding put back.
constexpr double log1p(double x) {
    const double y = 1 + x;
    return y == 1 ? x : y - 1 > std::numeric_limits<double>::max() ? x : log(y) * (x / (y - 1));
}

constexpr double sqrt(double x) {
    if (!(x > 0) || x > std::numeric_limits<double>::max())
        return x < 0 ? std::numeric_limits<double>::quiet_NaN() : x;
    double scale = 1;
    while (x > 4) x /= 4, scale *= 2;
    while (x < 1) x *= 4, scale /= 2;
    double r = x;
    for (int i = 0; i < 8; ++i) r = (r + x / r) / 2;
    return r * scale;
}

constexpr double tanh(double x) {
    if (x > 20) return 1;
    if (x < -20) return -1;
    if (x < 1e-4 && x > -1e-4) return x - x * x * x / 3;
    const double e = exp(2 * x);
    return (e - 1) / (e + 1);
}

constexpr double erf(double x) {
    if (x < 0) return -erf(-x);
    if (x > 6) return 1;
    double term = x, sum = x;  // the series 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!
    for (int n = 1; n < 200 && term > sum * 1e-17; ++n) sum += term *= 2 * x * x / (2 * n + 1);
    return 1.1283791670955126 * exp(-x * x) * sum;
}

/// 1 - erf(x); where that cancels by the continued fraction.
constexpr double erfc(double x) {
    if (!(x > 2)) return 1 - erf(x);
    double rest = x;
    for (int k = 60; k > 0; --k) rest = x + k / (2 * rest);
    return 0.5641895835477563 * exp(-x * x) / rest;
}

}  // namespace detail

template <class T>
constexpr T exp(T x) {
    return std::is_constant_evaluated() ? T(detail::exp(double(x))) : T(std::exp(x));
}
template <class T>
constexpr T expm1(T x) {
    return std::is_constant_evaluated() ? T(detail::expm1(double(x))) : T(std::expm1(x));
}
template <class T>
constexpr T log(T x) {
    return std::is_constant_evaluated() ? T(detail::log(double(x))) : T(std::log(x));
}
template <class T>
constexpr T log1p(T x) {
    return std::is_constant_evaluated() ? T(detail::log1p(double(x))) : T(std::log1p(x));
}
template <class T>
constexpr T sqrt(T x) {
    return std::is_constant_evaluated() ? T(detail::sqrt(double(x))) : T(std::sqrt(x));
}
template <class T>
constexpr T tanh(T x) {
    return std::is_constant_evaluated() ? T(detail::tanh(double(x))) : T(std::tanh(x));
}
template <class T>
constexpr T erf(T x) {
    return std::is_constant_evaluated() ? T(detail::erf(double(x))) : T(std::erf(x));
}
template <class T>
constexpr T erfc(T x) {
    return std::is_constant_evaluated() ? T(detail::erfc(double(x))) : T(std::erfc(x));
}

}  // namespace weft::math
