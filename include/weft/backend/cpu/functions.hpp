#pragma once

#include <limits>

#include "../reference/functions.hpp"
#include "eigen.hpp"

/// The functions of graph::function on Eigen's packets. Where a packet lacks one, each lane goes through the
/// reference formula.
///
/// Their errors in float are at most as stated here: of functions in units of the last place of the result,
/// where that is 2^-120 or more in size (smaller ones are off by at most 2^-120); of slopes in 2^-23, or
/// where they are larger than 1 in units of their last place. Measured over every 97th float, and asserted
/// over fewer, in tests/backend/elementwise_test.cpp.
///
///     relu, abs 0 · leaky_relu, square 1 · huber, log 2 · elu, selu, hard_swish 3 · sqrt 4
///     sigmoid, tanh, softplus, exp, silu, mish 6 · gelu 8 (60 without fused multiply-adds)
///     gelu_tanh 13 from -3 on, 250 below
///     slopes from results 1; from arguments 2, but of gelu_tanh and mish 4
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
P absolute_minus(const P& x) {
    return ei::pnegate(ei::pabs(x));
}
/// x times what closes faster than x grows: 0 where that is 0, also for infinite x.
template <class P>
P gated(const P& x, const P& gate) {
    const P zero = ei::pzero(x);
    return choose(ei::pcmp_eq(gate, zero), zero, ei::pmul(x, gate));
}

/// c[0] + c[1] z + …
template <class P, int N>
P polynomial(const P& z, const double (&c)[N]) {
    P sum = set<P>(c[N - 1]);
    for (int i = N - 2; i >= 0; --i) sum = ei::pmadd(sum, z, set<P>(c[i]));
    return sum;
}

/// e^x up to 88: Eigen's, but 0 where that stands still instead of falling.
template <class P>
P decay(const P& x) {
    const P lowest = set<P>(sizeof(scalar_of<P>) == sizeof(float) ? -88.37 : -708.3);
    return choose(ei::pcmp_lt(x, lowest), ei::pzero(x), ei::pexp(x));
}
/// e^x to the last number that is finite, where Eigen's is not.
template <class P>
P exp(const P& x) {
    const P large = ei::pcmp_lt(set<P>(88), x), one = set<P>(1);
    return ei::pmul(cpu_backend::decay(ei::psub(x, ei::pand(large, one))),
                    choose(large, set<P>(2.71828182845904524), one));
}
/// e^x - 1 for x <= 0: near 0, where the difference cancels, by the series.
template <class P>
P expm1(const P& x) {
    static constexpr double c[] = {1,
                                   1. / 2,
                                   1. / 6,
                                   1. / 24,
                                   1. / 120,
                                   1. / 720,
                                   1. / 5040,
                                   1. / 40320,
                                   1. / 362880,
                                   1. / 3628800,
                                   1. / 39916800.,
                                   1. / 479001600.,
                                   1. / 6227020800.,
                                   1. / 87178291200.,
                                   1. / 1307674368000.};
    static constexpr double first[] = {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]};
    P series;
    if constexpr (sizeof(scalar_of<P>) == sizeof(float))
        series = cpu_backend::polynomial(x, first);
    else
        series = cpu_backend::polynomial(x, c);
    return choose(ei::pcmp_lt(set<P>(-0.5), x), ei::pmul(x, series), ei::psub(ei::pexp(x), set<P>(1)));
}
/// log(1 + e) for e in [0, 1]: what the sum loses is put back, times 1 - e / 2, which is near 1 / (1 + e).
template <class P>
P log1p(const P& e) {
    const P one = set<P>(1), sum = ei::padd(one, e), lost = ei::psub(e, ei::psub(sum, one));
    return ei::pmadd(lost, ei::pmadd(set<P>(-0.5), e, one), ei::plog(sum));
}
/// Numbers that are not normal, which Eigen's log and sqrt take for others, times 2^54.
template <class P>
struct made_normal {
    P small, x;
    explicit made_normal(const P& from)
        : small(ei::pcmp_lt(from, set<P>(double(std::numeric_limits<scalar_of<P>>::min())))),
          x(choose(small, ei::pmul(from, set<P>(0x1p54)), from)) {}
};
template <class P>
P log(const P& x) {
    const made_normal<P> n(x);
    return ei::psub(ei::plog(n.x), ei::pand(n.small, set<P>(37.42994775023704668)));
}
template <class P>
P sqrt(const P& x) {
    const made_normal<P> n(x);
    return ei::pmul(ei::psqrt(n.x), choose(n.small, set<P>(0x1p-27), set<P>(1)));
}

template <class P>
P sigmoid(const P& x) {
    return ei::pdiv(set<P>(1), ei::padd(set<P>(1), ei::pexp(ei::pnegate(x))));
}
/// The sigmoid and its derivative.
template <class P>
struct sigmoid_and_slope {
    P value, slope;

    explicit sigmoid_and_slope(const P& x) {
        const P one = set<P>(1), e = cpu_backend::decay(absolute_minus(x)),
                d = ei::pdiv(one, ei::padd(one, e)), other = ei::pmul(e, d);
        value = choose(positive(x), d, other);
        slope = ei::pmul(other, d);
    }
};
template <class P>
P softplus(const P& x) {
    return ei::padd(ei::pmax(x, ei::pzero(x)), cpu_backend::log1p(cpu_backend::decay(absolute_minus(x))));
}
/// tanh(softplus(x)) is n / (n + 2) with n = e (e + 2), e = e^x; without overflow, since both are 1 from 20
/// on.
template <class P>
struct mish_parts {
    P e, n, end;
    explicit mish_parts(const P& x)
        : e(cpu_backend::decay(ei::pmin(x, set<P>(20)))),
          n(ei::pmul(e, ei::padd(e, set<P>(2)))),
          end(ei::padd(n, set<P>(2))) {}
};
/// 2 u of gelu_tanh, whose (1 + tanh(u)) / 2 is the sigmoid of 2 u.
template <class P>
P gelu_inner(const P& x) {
    using namespace reference_backend;
    const P square = ei::pmul(x, x);
    return ei::pmul(x, ei::pmadd(set<P>(2 * gelu_k * gelu_c), square, set<P>(2 * gelu_k)));
}

/// The normal distribution's P(X < x) and its density, in float. The tail is e^(-x^2 / 2) p(|x|) / q(|x|),
/// fitted to 1.5e-8 of its value on [0, 14.5], beyond which it is 0; all of p and q is positive, so nothing
/// cancels. What the square loses to rounding is put back where there are fused multiply-adds.
template <class P>
struct normal {
    P cdf, density;

    explicit normal(const P& x) {
        static constexpr double p[] = {0.5000000075, 0.4464606363, 0.1895046574, 0.04280893532,
                                       0.004456245503},
                                q[] = {1, 1.690806784, 1.22806828, 0.4860717685, 0.1073107855, 0.01117006888};
        const P half = set<P>(0.5), y = ei::pmin(ei::pabs(x), set<P>(14.5)), square = ei::pmul(y, y);
        const P lost = ei::pmadd(y, y, ei::pnegate(square));
        P e = cpu_backend::decay(ei::pnegate(ei::pmul(half, square)));
        e = ei::psub(e, ei::pmul(e, ei::pmul(half, lost)));
        const P tail = ei::pmul(e, ei::pdiv(cpu_backend::polynomial(y, p), cpu_backend::polynomial(y, q)));
        cdf = choose(positive(x), ei::psub(set<P>(1), tail), tail);
        density = ei::pmul(set<P>(0.39894228040143267794), e);
    }
};

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
            return traits::HasTanh && traits::Vectorizable;
        case softplus:
            return traits::HasExp && traits::HasLog && traits::Vectorizable;
        case log:
            return traits::HasLog && traits::Vectorizable;
        case gelu_tanh:
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
    if constexpr (f == elu) return choose(positive(x), x, pmul(p, cpu_backend::expm1(x)));
    if constexpr (f == selu) {
        using namespace reference_backend;
        return choose(positive(x), pmul(set<P>(selu_scale), x),
                      pmul(set<P>(selu_scale * selu_alpha), cpu_backend::expm1(x)));
    }
    if constexpr (f == gelu) return gated(x, normal<P>(x).cdf);
    if constexpr (f == gelu_tanh) return gated(x, cpu_backend::sigmoid(gelu_inner(x)));
    if constexpr (f == silu) return gated(x, cpu_backend::sigmoid(x));
    if constexpr (f == mish) {
        const mish_parts<P> m(x);
        return gated(x, pdiv(m.n, m.end));
    }
    if constexpr (f == hard_swish) {
        const P gate = pmin(pmax(pmul(padd(x, set<P>(3)), set<P>(1. / 6)), zero), set<P>(1));
        return gated(x, gate);
    }
    if constexpr (f == graph::function::sigmoid) return cpu_backend::sigmoid(x);
    if constexpr (f == tanh) return ptanh(x);
    if constexpr (f == graph::function::softplus) return cpu_backend::softplus(x);
    if constexpr (f == graph::function::exp) return cpu_backend::exp(x);
    if constexpr (f == graph::function::log) return cpu_backend::log(x);
    if constexpr (f == square) return pmul(x, x);
    if constexpr (f == graph::function::sqrt) return cpu_backend::sqrt(x);
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
    if constexpr (f == leaky_relu) return choose(positive(x), one, p);
    if constexpr (f == elu) return choose(positive(x), one, pmul(p, cpu_backend::decay(x)));
    if constexpr (f == gelu) {
        const normal<P> at(x);
        return padd(at.cdf, gated(x, at.density));
    }
    if constexpr (f == gelu_tanh) {
        using namespace reference_backend;
        const sigmoid_and_slope<P> s(gelu_inner(x));
        const P inner = pmadd(set<P>(6 * gelu_k * gelu_c), pmul(x, x), set<P>(2 * gelu_k));
        return padd(s.value, gated(inner, gated(x, s.slope)));
    }
    if constexpr (f == silu) {
        const sigmoid_and_slope<P> s(x);
        return padd(s.value, gated(x, s.slope));
    }
    if constexpr (f == mish) {  // (n (n + 2) + 4 x e (e + 1)) / (n + 2)^2
        const mish_parts<P> m(x);
        const P rest = gated(x, pmul(set<P>(4), pmul(m.e, padd(m.e, one))));
        const P slope = pdiv(pmadd(m.n, m.end, rest), pmul(m.end, m.end));
        return choose(pcmp_lt(set<P>(20), x), one, slope);
    }
    if constexpr (f == hard_swish) {
        const P middle = pdiv(padd(padd(x, x), set<P>(3)), set<P>(6));
        return choose(pcmp_le(x, set<P>(-3)), zero, choose(pcmp_le(set<P>(3), x), one, middle));
    }
    if constexpr (f == graph::function::softplus) return cpu_backend::sigmoid(x);
    if constexpr (f == graph::function::log) return pdiv(one, x);
    if constexpr (f == square) return padd(x, x);
    if constexpr (f == abs) return choose(positive(x), one, choose(pcmp_lt(x, zero), set<P>(-1), zero));
    if constexpr (f == huber) return pmin(pmax(x, pnegate(p)), p);
}

}  // namespace weft::cpu_backend
