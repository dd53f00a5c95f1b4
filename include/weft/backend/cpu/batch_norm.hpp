#pragma once

#include <cmath>

#include "../reference/batch_norm.hpp"
#include "kernel.hpp"
#include "vectors.hpp"

namespace weft::cpu_backend {

/// Mean and sum of squared distances from it, combined pair by pair (Chan, Golub, LeVeque, "Updating formulae
/// and a pairwise algorithm for computing sample variances", 1979): sound however far the mean is from zero.
struct moments {
    double count = 0, mean = 0, squares = 0;

    void add(double n, double m, double s) {
        const double delta = m - mean, all = count + n;
        mean += delta * n / all;
        squares += s + delta * delta * count * n / all;
        count = all;
    }
};

/// The statistics of a batch [batch, channels, inner], and the sums of its gradient. Each task has channels
/// of its own.
template <class T>
struct batch_norm_work {
    graph::batch_normalization p;
    const arguments<T>& a;
    std::ptrdiff_t channels = p.channels, inner = p.inner;

    template <bool Gradient>
    void run(const thread_team& team) {
        const std::ptrdiff_t per_task = inner == 1 ? lanes<T> : 1;
        team.run(int((channels + per_task - 1) / per_task), &batch_norm_work::part<Gradient>, this);
    }
    template <bool Gradient>
    static void part(void* self, int task) {
        const batch_norm_work& w = *static_cast<const batch_norm_work*>(self);
        if (w.inner == 1)
            Gradient ? w.sums_of_packet(task * lanes<T>) : w.stats_of_packet(task * lanes<T>);
        else
            Gradient ? w.sums_of_channel(task) : w.stats_of_channel(task);
    }

    void stats_of_channel(int c) const {
        moments all;
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const T* x = a.in[0] + (s * channels + c) * inner;
            const double mean = sum(x, inner) / double(inner);
            // The distances are from the mean as T has it; its rounding is taken off again.
            const double off = double(T(mean)) - mean;
            const double squares = sum_of<T>(inner, square_term<T>{x, T(mean)}) - double(inner) * off * off;
            all.add(double(inner), mean, squares > 0 ? squares : 0);
        }
        write_stats(c, all.mean, all.squares);
    }
    /// Images of one pixel: a packet of channels at a time.
    void stats_of_packet(std::ptrdiff_t c) const {
        using P = packet_of<T>;
        const std::ptrdiff_t left = channels - c < lanes<T> ? channels - c : lanes<T>;
        T sums[lanes<T>], squares[lanes<T>], rests[lanes<T>];
        P total = set<P>(0);
        // Sums of distances from the first sample: small numbers, small errors.
        const P first = load(a.in[0] + c, left);
        for (std::ptrdiff_t s = 1; s < a.batch; ++s)
            total = ei::padd(total, ei::psub(load(a.in[0] + s * channels + c, left), first));
        ei::pstoreu(sums, total);
        T start[lanes<T>], center[lanes<T>];
        ei::pstoreu(start, first);
        for (int k = 0; k < lanes<T>; ++k)
            center[k] = T(double(start[k]) + double(sums[k]) / double(a.batch));
        const P mean = ei::ploadu<P>(center);
        P square = set<P>(0), rest = set<P>(0);
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const P d = ei::psub(load(a.in[0] + s * channels + c, left), mean);
            rest = ei::padd(rest, d);
            square = ei::padd(square, ei::pmul(d, d));
        }
        ei::pstoreu(rests, rest);
        ei::pstoreu(squares, square);
        for (int k = 0; k < left; ++k) {
            const double off = double(rests[k]) / double(a.batch);
            const double spread = double(squares[k]) - double(a.batch) * off * off;
            write_stats(int(c) + k, double(center[k]) + off, spread > 0 ? spread : 0);
        }
    }
    void write_stats(int c, double mean, double squares) const {
        const double count = double(a.batch) * double(inner);
        const double momentum = double(p.momentum);
        const T inverse = T(1 / std::sqrt(squares / count + double(p.epsilon)));
        reference_backend::affine_of(T(mean), inverse, a.in[1], a.in[2], c, a.out[0], a.out[1]);
        if (a.out[2]) a.out[2][c] = T(mean);
        if (a.out[3]) a.out[3][c] = inverse;
        T *running_mean = const_cast<T*>(a.in[3]), *running_variance = const_cast<T*>(a.in[4]);
        running_mean[c] += T(momentum * (mean - double(running_mean[c])));
        running_variance[c] +=
            T(momentum * (squares / (count > 1 ? count - 1 : 1) - double(running_variance[c])));
    }

    /// dy (x - mean)
    struct centered_term {
        const T *dy, *x;
        T mean;
        packet_of<T> operator()(std::ptrdiff_t i, std::ptrdiff_t count) const {
            return ei::pmul(load(dy + i, count), ei::psub(load(x + i, count), ei::pset1<packet_of<T>>(mean)));
        }
    };
    void sums_of_channel(int c) const {
        double total = 0, product = 0;
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const std::ptrdiff_t at = (s * channels + c) * inner;
            total += sum(a.in[0] + at, inner);
            product += sum_of<T>(inner, centered_term{a.in[0] + at, a.in[1] + at, a.in[3][c]});
        }
        write_sums(c, total, product);
    }
    void sums_of_packet(std::ptrdiff_t c) const {
        using P = packet_of<T>;
        const std::ptrdiff_t left = channels - c < lanes<T> ? channels - c : lanes<T>;
        const P mean = load(a.in[3] + c, left);
        P total = set<P>(0), product = set<P>(0);
        for (std::ptrdiff_t s = 0; s < a.batch; ++s) {
            const P dy = load(a.in[0] + s * channels + c, left);
            total = ei::padd(total, dy);
            product = ei::padd(product, ei::pmul(dy, ei::psub(load(a.in[1] + s * channels + c, left), mean)));
        }
        T totals[lanes<T>], products[lanes<T>];
        ei::pstoreu(totals, total);
        ei::pstoreu(products, product);
        for (int k = 0; k < left; ++k) write_sums(int(c) + k, double(totals[k]), double(products[k]));
    }
    /// dgamma, dbeta, and a, b, d of dx = a (b x + d + dy); `product` lacks 1 / deviation still.
    void write_sums(int c, double total, double product) const {
        const double count = double(a.batch) * double(inner), inverse = double(a.in[4][c]);
        const double b = -inverse * inverse * product / count;
        if (a.out[0]) a.out[0][c] = T(product * inverse);
        if (a.out[1]) a.out[1][c] = T(total);
        if (a.out[2]) a.out[2][c] = T((a.in[2] ? double(a.in[2][c]) : 1.0) * inverse);
        if (a.out[3]) a.out[3][c] = T(b);
        if (a.out[4]) a.out[4][c] = T(-total / count - b * double(a.in[3][c]));
    }
};

template <>
struct kernel<graph::batch_norm_stats> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        batch_norm_work<T>{n.as<graph::batch_normalization>(), a}.template run<false>(*c.team);
    }
};
template <>
struct kernel<graph::batch_norm_sums> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        batch_norm_work<T>{n.as<graph::batch_normalization>(), a}.template run<true>(*c.team);
    }
};

}  // namespace weft::cpu_backend
