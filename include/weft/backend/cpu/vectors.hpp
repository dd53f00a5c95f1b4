#pragma once

#include <cstddef>
#include <cstring>

#include "functions.hpp"

/// Loops over runs of numbers, a packet at a time. What is left at the end goes through a packet too, filled
/// up, so that an element's bits do not depend on its place.
namespace weft::cpu_backend {

template <class T>
inline constexpr int lanes = int(Eigen::internal::packet_traits<T>::size);

/// The first `count` numbers at `from`, and `fill` behind them.
template <class T>
packet_of<T> load_part(const T* from, std::ptrdiff_t count, T fill = T(0)) {
    T part[lanes<T>];
    for (int k = 0; k < lanes<T>; ++k) part[k] = k < count ? from[k] : fill;
    return ei::ploadu<packet_of<T>>(part);
}
template <class T>
void store_part(T* to, const packet_of<T>& x, std::ptrdiff_t count) {
    T part[lanes<T>];
    ei::pstoreu(part, x);
    for (int k = 0; k < lanes<T> && k < count; ++k) to[k] = part[k];
}
/// All of a packet, or its first `count` numbers.
template <class T>
packet_of<T> load(const T* from, std::ptrdiff_t count, T fill = T(0)) {
    return count >= lanes<T> ? ei::ploadu<packet_of<T>>(from) : load_part(from, count, fill);
}
template <class T>
void store(T* to, const packet_of<T>& x, std::ptrdiff_t count) {
    if (count >= lanes<T>)
        ei::pstoreu(to, x);
    else
        store_part(to, x, count);
}

/// The sum of term(i, count) over packets of [0, n); a term puts 0 into the lanes from `count` on. Four sums
/// run side by side: the adder's latency is hidden, and rounding errors grow a quarter as fast.
template <class T, class Term>
double sum_of(std::ptrdiff_t n, Term term) {
    using P = packet_of<T>;
    constexpr int w = lanes<T>;
    P s0 = set<P>(0), s1 = s0, s2 = s0, s3 = s0;
    std::ptrdiff_t i = 0;
    for (; i + 4 * w <= n; i += 4 * w) {
        s0 = ei::padd(s0, term(i, w));
        s1 = ei::padd(s1, term(i + w, w));
        s2 = ei::padd(s2, term(i + 2 * w, w));
        s3 = ei::padd(s3, term(i + 3 * w, w));
    }
    for (; i < n; i += w) s0 = ei::padd(s0, term(i, n - i));
    return double(ei::predux(ei::padd(ei::padd(s0, s1), ei::padd(s2, s3))));
}

template <class T>
struct plain_term {
    const T* x;
    packet_of<T> operator()(std::ptrdiff_t i, std::ptrdiff_t count) const { return load(x + i, count); }
};
template <class T>
struct product_term {
    const T *x, *y;
    packet_of<T> operator()(std::ptrdiff_t i, std::ptrdiff_t count) const {
        return ei::pmul(load(x + i, count), load(y + i, count));
    }
};
/// (x - center)^2
template <class T>
struct square_term {
    const T* x;
    T center;
    packet_of<T> operator()(std::ptrdiff_t i, std::ptrdiff_t count) const {
        const packet_of<T> d = ei::psub(load(x + i, count, center), ei::pset1<packet_of<T>>(center));
        return ei::pmul(d, d);
    }
};

/// The sum of n numbers: packets in T, long runs in pieces that are added in double.
template <class T>
double sum(const T* x, std::ptrdiff_t n) {
    constexpr std::ptrdiff_t piece = 4096;
    double total = 0;
    for (std::ptrdiff_t i = 0; i < n; i += piece)
        total += sum_of<T>(n - i < piece ? n - i : piece, plain_term<T>{x + i});
    return total;
}

}  // namespace weft::cpu_backend
