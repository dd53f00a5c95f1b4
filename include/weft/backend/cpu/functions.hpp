#pragma once

#include "../reference/functions.hpp"
#include "eigen.hpp"

/// The functions of graph::function on Eigen's packets. Where a packet lacks one, each lane goes through the
/// reference formula.
namespace weft::cpu_backend {

namespace ei = Eigen::internal;

template <class T>
using packet_of = typename Eigen::internal::packet_traits<T>::type;
template <class P>
using scalar_of = typename Eigen::internal::unpacket_traits<P>::type;

template <class P>
P set(double value) {
    return ei::pset1<P>(scalar_of<P>(value));
}

/// x where the mask is set, else y.
template <class P>
P choose(const P& mask, const P& x, const P& y) {
    return ei::pselect(mask, x, y);
}
template <class P>
P positive(const P& x) {
    return ei::pcmp_lt(ei::pzero(x), x);
}

template <class P>
P exp(const P& x) {
    return ei::pexp(x);
}
template <class P>
P sigmoid(const P& x) {
    return ei::pdiv(set<P>(1), ei::padd(set<P>(1), ei::pexp(ei::pnegate(x))));
}
template <class P>
P softplus(const P& x) {
    const P rest = ei::plog(ei::padd(set<P>(1), ei::pexp(ei::pnegate(ei::pabs(x)))));
    return ei::padd(ei::pmax(x, ei::pzero(x)), rest);
}
/// tanh(softplus(x)), without overflow: n / (n + 2) with n = e^x (e^x + 2).
template <class P>
P tanh_softplus(const P& x) {
    const P e = ei::pexp(ei::pmin(x, set<P>(20)));
    const P n = ei::pmul(e, ei::padd(e, set<P>(2)));
    return ei::pdiv(n, ei::padd(n, set<P>(2)));
}
template <class P>
P gelu_inner(const P& x) {
    const P cubic =
        ei::pmul(set<P>(reference_backend::gelu_k * reference_backend::gelu_c), ei::pmul(x, ei::pmul(x, x)));
    return ei::padd(ei::pmul(set<P>(reference_backend::gelu_k), x), cubic);
}

/// c[0] + c[1] z + …
template <class P, int N>
P polynomial(const P& z, const double (&c)[N]) {
    P sum = set<P>(c[N - 1]);
    for (int i = N - 2; i >= 0; --i) sum = ei::pmadd(sum, z, set<P>(c[i]));
    return sum;
}
/// The error function in float, to 8e-8 of its value below 1 and 5e-7 above: x p(x^2) / q(x^2), fitted to the
/// relative error on [0, 3.92]. Below 1 as x + x (p - q) / q, whose roundings are an eighth as large.
template <class P>
P erf(const P& x) {
    static constexpr double p[] = {1.128379169,     1.851379448e-01, 5.424409243e-02, 3.838699347e-03,
                                   3.767503741e-04, 4.608943286e-06, -1.279849367e-08},
                            rest[] = {1.283791691e-01,  -3.122696928e-01, -5.963055007e-02, -1.159147285e-02,
                                      -9.247785659e-04, -5.778748400e-05, -1.279849367e-08},
                            q[] = {1,
                                   4.974076376e-01,
                                   1.138746425e-01,
                                   1.543017220e-02,
                                   1.301528940e-03,
                                   6.239642728e-05};
    const P one = set<P>(1), size = ei::pabs(x), z = ei::pmul(x, x), small = ei::pcmp_lt(size, one);
    const P ratio = ei::pdiv(choose(small, cpu_backend::polynomial(z, rest), cpu_backend::polynomial(z, p)),
                             cpu_backend::polynomial(z, q));
    const P y = choose(small, ei::pmadd(x, ratio, x), ei::pmul(x, ratio));
    const P end = choose(positive(x), one, ei::pnegate(one));
    return choose(ei::pcmp_lt(set<P>(3.92), size), end, y);
}
/// The normal distribution's P(X < x).
template <class P>
P normal_cdf(const P& x) {
    return ei::pmul(set<P>(0.5),
                    ei::padd(set<P>(1), cpu_backend::erf(ei::pmul(x, set<P>(0.70710678118654752440)))));
}

/// Does every lane-wise function that `f` needs exist as a packet operation?
template <class T>
constexpr bool has_packet(graph::function f) {
    using traits = Eigen::internal::packet_traits<T>;
    using enum graph::function;
    switch (f) {
        case custom:
            return false;
        case gelu:  // the fit is as exact as float
            return traits::HasExp && traits::Vectorizable && sizeof(T) == sizeof(float);
        case tanh:
        case gelu_tanh:
            return traits::HasTanh && traits::Vectorizable;
        case softplus:
        case log:
            return traits::HasLog && traits::Vectorizable;
        case elu:
        case selu:
        case silu:
        case mish:
        case sigmoid:
        case exp:
            return traits::HasExp && traits::Vectorizable;
        case sqrt:
            return traits::HasSqrt && traits::Vectorizable;
        default:
            return traits::Vectorizable;
    }
}

/// f, f' from its result, or f' from its argument, on each lane by the reference formula.
template <class Functions, class Step, class P>
P by_lane(const P& x) {
    using T = scalar_of<P>;
    T buffer[ei::unpacket_traits<P>::size];
    ei::pstoreu(buffer, x);
    for (T& value : buffer) {
        if constexpr (Step::kind == graph::step_kind::apply)
            value = reference_backend::apply<Functions>(Step::fn, Step::bits, value);
        else if constexpr (Step::kind == graph::step_kind::slope_from_y)
            value = reference_backend::slope_from_y(Step::fn, Step::bits, value);
        else
            value = reference_backend::slope_from_x<Functions>(Step::fn, Step::bits, value);
    }
    return ei::ploadu<P>(buffer);
}

template <class Step, class P>
P apply(const P& x) {
    using namespace Eigen::internal;
    using enum graph::function;
    const P zero = pzero(x), p = set<P>(from_bits(Step::bits[0]));
    constexpr auto f = Step::fn;
    if constexpr (f == relu) return choose(pcmp_le(x, zero), zero, x);  // keeps NaN
    if constexpr (f == leaky_relu) return choose(positive(x), x, pmul(p, x));
    if constexpr (f == elu) return choose(positive(x), x, pmul(p, psub(pexp(x), set<P>(1))));
    if constexpr (f == selu) {
        const P negative = pmul(set<P>(reference_backend::selu_alpha), psub(pexp(x), set<P>(1)));
        return pmul(set<P>(reference_backend::selu_scale), choose(positive(x), x, negative));
    }
    if constexpr (f == gelu) return pmul(x, normal_cdf(x));
    if constexpr (f == gelu_tanh) return pmul(pmul(set<P>(0.5), x), padd(set<P>(1), ptanh(gelu_inner(x))));
    if constexpr (f == silu) return pmul(x, cpu_backend::sigmoid(x));
    if constexpr (f == mish) return pmul(x, tanh_softplus(x));
    if constexpr (f == hard_swish) {
        const P gate = pmin(pmax(padd(x, set<P>(3)), zero), set<P>(6));
        return pdiv(pmul(x, gate), set<P>(6));
    }
    if constexpr (f == graph::function::sigmoid) return cpu_backend::sigmoid(x);
    if constexpr (f == tanh) return ptanh(x);
    if constexpr (f == graph::function::softplus) return cpu_backend::softplus(x);
    if constexpr (f == graph::function::exp) return pexp(x);
    if constexpr (f == log) return plog(x);
    if constexpr (f == square) return pmul(x, x);
    if constexpr (f == graph::function::sqrt) return psqrt(x);
    if constexpr (f == abs) return pabs(x);
    if constexpr (f == huber) {
        const P a = pabs(x), half = set<P>(0.5);
        return choose(pcmp_le(a, p), pmul(half, pmul(x, x)), pmul(p, psub(a, pmul(half, p))));
    }
}

/// f' from f's result y.
template <class Step, class P>
P slope_from_y(const P& y) {
    using namespace Eigen::internal;
    using enum graph::function;
    const P zero = pzero(y), one = set<P>(1), p = set<P>(from_bits(Step::bits[0]));
    constexpr auto f = Step::fn;
    if constexpr (f == relu) return choose(positive(y), one, zero);
    if constexpr (f == leaky_relu) return choose(positive(y), one, p);
    if constexpr (f == elu) return choose(positive(y), one, padd(y, p));
    if constexpr (f == selu) {
        using namespace reference_backend;
        return choose(positive(y), set<P>(selu_scale), padd(y, set<P>(selu_scale * selu_alpha)));
    }
    if constexpr (f == graph::function::sigmoid) return pmul(y, psub(one, y));
    if constexpr (f == tanh) return psub(one, pmul(y, y));
    if constexpr (f == graph::function::exp) return y;
    if constexpr (f == graph::function::sqrt) return pdiv(set<P>(0.5), y);
}

/// f' from f's argument x.
template <class Step, class P>
P slope_from_x(const P& x) {
    using namespace Eigen::internal;
    using enum graph::function;
    const P zero = pzero(x), one = set<P>(1), p = set<P>(from_bits(Step::bits[0]));
    constexpr auto f = Step::fn;
    if constexpr (f == gelu) {
        const P density = pmul(set<P>(0.39894228040143267794), pexp(pmul(set<P>(-0.5), pmul(x, x))));
        return pmadd(x, density, normal_cdf(x));
    }
    if constexpr (f == gelu_tanh) {
        const P t = ptanh(gelu_inner(x)), half = set<P>(0.5);
        const P inner = pmul(set<P>(reference_backend::gelu_k),
                             padd(one, pmul(set<P>(3 * reference_backend::gelu_c), pmul(x, x))));
        return padd(pmul(half, padd(one, t)), pmul(pmul(pmul(half, x), psub(one, pmul(t, t))), inner));
    }
    if constexpr (f == silu) {
        const P s = cpu_backend::sigmoid(x);
        return pmul(s, padd(one, pmul(x, psub(one, s))));
    }
    if constexpr (f == mish) {
        const P t = tanh_softplus(x);
        return padd(t, pmul(pmul(x, psub(one, pmul(t, t))), cpu_backend::sigmoid(x)));
    }
    if constexpr (f == hard_swish) {
        const P middle = pdiv(padd(padd(x, x), set<P>(3)), set<P>(6));
        return choose(pcmp_le(x, set<P>(-3)), zero, choose(pcmp_le(set<P>(3), x), one, middle));
    }
    if constexpr (f == graph::function::softplus) return cpu_backend::sigmoid(x);
    if constexpr (f == log) return pdiv(one, x);
    if constexpr (f == square) return padd(x, x);
    if constexpr (f == abs) return choose(positive(x), one, choose(pcmp_lt(x, zero), set<P>(-1), zero));
    if constexpr (f == huber) return pmin(pmax(x, pnegate(p)), p);
}

}  // namespace weft::cpu_backend
