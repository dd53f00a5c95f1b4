#pragma once
/// Every operation with random sizes and numbers, as a problem.

#include "problem.hpp"

namespace conformance {

using weft::to_bits;

inline std::size_t times(int a, int b, int c = 1, int d = 1) {
    return std::size_t(a) * std::size_t(b) * std::size_t(c) * std::size_t(d);
}

template <class Op>
node make(std::initializer_list<int> attributes, int sample_size) {
    node n = weft::graph::make_node(Op{});
    int i = 0;
    for (int a : attributes) n.attributes[i++] = a;
    n.view = {1, 1, sample_size};
    return n;
}

// ---- products -------------------------------------------------------------------------------------------
template <class Op, class T>
problem<T> product(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int rows = between(r, 0, 1) ? 1 : between(r, 2, 5), outs = between(r, 1, 40), k = between(r, 1, 70);
    const std::size_t x = times(p.batch, rows, k), y = times(p.batch, rows, outs), w = times(outs, k);
    p.n = make<Op>({rows, outs, k}, rows * (is<Op, graph::gemm> ? outs : k));
    if (is<Op, graph::gemm>) {
        p.in = {numbers<T>(r, x), numbers<T>(r, w)};
        p.out = {y};
        p.length = k;
    } else if (is<Op, graph::gemm_data>) {
        p.in = {numbers<T>(r, y), numbers<T>(r, w)};
        p.out = {x};
        p.length = outs;
    } else {
        p.in = {numbers<T>(r, x), numbers<T>(r, y)};
        p.out = {w, between(r, 0, 1) ? std::size_t(outs) : 0};
        p.length = p.batch * rows;
    }
    return p;
}

template <class Op, class T>
problem<T> convolution(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, between(r, 0, 3) ? 5 : 33);
    const int groups = between(r, 0, 1) ? 1 : between(r, 2, 4);
    const int channels = groups * between(r, 1, 4), filters = groups * between(r, 1, 5);
    const int kh = between(r, 1, 4), kw = between(r, 1, 5), dh = between(r, 1, 2), dw = between(r, 1, 3);
    const int height = dh * (kh - 1) + between(r, 1, 11), width = dw * (kw - 1) + between(r, 1, 13);
    const weft::conv2d_geometry g{
        channels,         height,           width, filters, kh,    kw, between(r, 1, 3), between(r, 1, 3),
        between(r, 0, 2), between(r, 0, 2), dh,    dw,      groups};
    const int plane = g.out_h() * g.out_w();
    p.n = make<Op>({channels, height, width, filters, kh, kw, g.stride_h, g.stride_w, g.padding_h,
                    g.padding_w, dh, dw, groups},
                   is<Op, graph::conv2d> ? filters * plane : channels * height * width);
    const std::size_t x = times(p.batch, channels, height, width), y = times(p.batch, filters, plane),
                      w = times(filters, channels / groups, kh, kw);
    if (is<Op, graph::conv2d>) {
        p.in = {numbers<T>(r, x), numbers<T>(r, w)};
        p.out = {y};
        p.length = channels / groups * kh * kw;
    } else if (is<Op, graph::conv2d_data>) {
        p.in = {numbers<T>(r, y), numbers<T>(r, w)};
        p.out = {x};
        p.length = filters / groups * kh * kw;
    } else {
        p.in = {numbers<T>(r, x), numbers<T>(r, y)};
        p.out = {w, between(r, 0, 1) ? std::size_t(filters) : 0};
        p.length = p.batch * plane;
    }
    return p;
}

// ---- windows --------------------------------------------------------------------------------------------
template <class Op, class T>
problem<T> pool(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int channels = between(r, 1, 5);
    const bool plain = between(r, 0, 2) == 0;  // 2x2 by 2
    const int kh = plain ? 2 : between(r, 1, 4), kw = plain ? 2 : between(r, 1, 5);
    const int sh = plain ? 2 : between(r, 1, 4), sw = plain ? 2 : between(r, 1, 3);
    const int ph = plain ? 0 : between(r, 0, kh / 2), pw = plain ? 0 : between(r, 0, kw / 2);
    const int height = kh + between(r, 0, 17), width = kw + between(r, 0, 50);
    // As PyTorch's ceil_mode: one window more, if it starts inside.
    const int oh = (height + 2 * ph - kh) / sh + 1, ow = (width + 2 * pw - kw) / sw + 1;
    const int more_h = oh * sh < height + ph ? between(r, 0, 1) : 0;
    const int more_w = ow * sw < width + pw ? between(r, 0, 1) : 0;
    const bool backward = is<Op, graph::max_pool2d_grad> || is<Op, graph::avg_pool2d_grad>;
    const int plane = (oh + more_h) * (ow + more_w);
    p.n = make<Op>(
        {channels, height, width, kh, kw, sh, sw, ph, pw, between(r, 0, 1), oh + more_h, ow + more_w},
        backward ? channels * height * width : channels * plane);
    const std::size_t x = times(p.batch, channels, height, width), y = times(p.batch, channels, plane);
    p.in = {numbers<T>(r, backward ? y : x)};
    p.out = {backward ? x : y};
    if (is<Op, graph::max_pool2d_grad>) {
        p.in.push_back(numbers<T>(r, x));
        for (T& v : p.in[1]) v = std::round(v * T(4));  // many equal numbers: the first is taken
    }
    p.length = kh * kw;
    return p;
}
template <class Op, class T>
problem<T> upsample(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 20);
    const int channels = between(r, 1, 4), height = between(r, 1, 9), width = between(r, 1, 19),
              by_h = between(r, 1, 3), by_w = between(r, 1, 3);
    const std::size_t x = times(p.batch, channels, height, width), y = x * times(by_h, by_w);
    const bool backward = is<Op, graph::upsample2d_grad>;
    p.n = make<Op>({channels, height, width, by_h, by_w}, int((backward ? x : y) / std::size_t(p.batch)));
    p.in = {numbers<T>(r, backward ? y : x)};
    p.out = {backward ? x : y};
    return p;
}

// ---- softmax and losses ---------------------------------------------------------------------------------
template <class Op, class T>
problem<T> some_softmax(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int outer = between(r, 1, 3), count = between(r, 1, 70),
              inner = between(r, 0, 1) ? 1 : between(r, 2, 40);
    const std::size_t size = times(p.batch, outer, count, inner);
    p.n = make<Op>({outer, count, inner}, outer * count * inner);
    p.in = {numbers<T>(r, size, -9, 9)};
    if (is<Op, graph::softmax_grad> || is<Op, graph::log_softmax_grad>)
        p.in = {numbers<T>(r, size),
                is<Op, graph::softmax_grad> ? numbers<T>(r, size, 0, 0.2) : numbers<T>(r, size, -6, -1)};
    p.out = {size};
    p.length = is<Op, graph::log_softmax_grad> ? 9 * count : count;
    return p;
}
template <class Op, class T>
problem<T> cross_entropy(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int classes = between(r, 2, 70);
    const bool soft = between(r, 0, 1), weighted = between(r, 0, 1);
    const float smoothing = between(r, 0, 1) ? 0.1f : 0.f;
    const std::size_t size = times(p.batch, classes), samples = std::size_t(p.batch);
    p.n = make<Op>({classes, soft ? classes : 1, to_bits(smoothing), weighted}, 1);
    std::vector<T> target = numbers<T>(r, soft ? size : samples, 0, 1), weights;
    if (!soft)
        for (T& t : target) t = T(int(t * T(classes)) % classes);
    if (weighted) weights = numbers<T>(r, std::size_t(classes), 0.5, 2);
    const bool logits = is<Op, graph::softmax_xent>, stored = !logits || between(r, 0, 1);
    if (is<Op, graph::pick_nll> || logits) {
        p.in = {logits ? numbers<T>(r, size, -9, 9) : numbers<T>(r, size, -6, -0.1), target, weights};
        p.out = {samples, stored ? samples : 0};
        if (logits) p.out.push_back(stored ? size : 0);
    } else if (is<Op, graph::pick_nll_grad>) {
        p.in = {numbers<T>(r, samples), target, weights};
        p.out = {size};
    } else {
        p.in = {numbers<T>(r, samples), numbers<T>(r, size, 0, 1), target, weights};
        p.out = {size};
    }
    p.length = 16 * classes;
    return p;
}

// ---- normalisation --------------------------------------------------------------------------------------
template <class Op, class T>
problem<T> some_layer_norm(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int rows = between(r, 1, 4), size = between(r, 2, 150);
    const std::size_t all = times(p.batch, rows, size), scales = times(p.batch, rows);
    p.n = make<Op>({rows, size, to_bits(1e-5f)}, rows * size);
    if (is<Op, graph::layer_norm>) {
        p.in = {numbers<T>(r, all, 1, 4)};
        p.out = {all, between(r, 0, 1) ? scales : 0};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, scales, 0.5, 2)};
        p.out = {all};
    }
    p.length = 64 + size;
    return p;
}
template <class Op, class T>
problem<T> some_batch_norm(rng& r) {
    problem<T> p;
    const int channels = between(r, 1, 70), inner = between(r, 0, 1) ? 1 : between(r, 2, 60);
    p.batch = between(r, inner == 1 ? 4 : 1, 33);
    const std::size_t all = times(p.batch, channels, inner), c = std::size_t(channels);
    p.n = make<Op>({channels, inner, to_bits(1e-5f), to_bits(0.1f)}, channels * inner);
    const bool affine = between(r, 0, 3) != 0;
    const std::vector<T> gamma = numbers<T>(r, affine ? c : 0, 0.5, 2), beta = numbers<T>(r, affine ? c : 0);
    const std::vector<T> mean = numbers<T>(r, c, -1, 1), variance = numbers<T>(r, c, 0.5, 2);
    if (is<Op, graph::batch_norm_coeffs>) {
        p.in = {gamma, beta, mean, variance};
        p.out = {c, c};
    } else if (is<Op, graph::batch_norm_stats>) {
        p.in = {numbers<T>(r, all, 1, 4), gamma, beta, mean, variance};
        p.out = {c, c, between(r, 0, 3) ? c : 0, between(r, 0, 3) ? c : 0};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all, -2, 2), gamma, mean, variance};
        p.out = {between(r, 0, 3) ? c : 0, between(r, 0, 3) ? c : 0, c, c, c};
    }
    p.length = 64 + 16.0 * p.batch * inner;
    return p;
}

// ---- movement and sums ----------------------------------------------------------------------------------
template <class T>
problem<T> reduction(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const auto mode = operand_mode(between(r, 0, 7));
    weft::graph::blocking v{between(r, 1, 3), between(r, 1, 40), between(r, 0, 2) ? between(r, 1, 90) : 1};
    if (mode == operand_mode::sample_channel || mode == operand_mode::sample_inner) v.outer = 1;
    const bool per_batch = between(r, 0, 1);
    p.n = make<graph::reduce>({v.outer, v.channels, v.inner, int(mode), between(r, 0, 1) ? 1 : -3, per_batch},
                              1);
    p.in = {numbers<T>(r, times(p.batch, v.size()))};
    p.out = {std::size_t(weft::graph::operand_size(mode, v)) *
             std::size_t(weft::graph::is_per_sample(mode) ? p.batch : 1)};
    p.length = 4.0 * p.batch * v.size() / double(p.out[0]);
    return p;
}
template <class T>
problem<T> concatenation(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int parts = between(r, 1, weft::graph::max_inputs);
    p.n = make<graph::concat>({}, 0);
    int total = 0;
    for (int i = 0; i < parts; ++i) {
        const int size = between(r, 1, 60);
        p.n.attributes[i] = size;
        p.in.push_back(numbers<T>(r, times(p.batch, size)));
        total += size;
    }
    p.n.attributes[weft::graph::max_inputs] = parts;
    p.n.view = {1, 1, total};
    p.out = {times(p.batch, total)};
    return p;
}
template <class T>
problem<T> slicing(rng& r) {
    problem<T> p;
    p.batch = between(r, 1, 33);
    const int size = between(r, 1, 60), offset = between(r, 0, 30), total = offset + size + between(r, 0, 9);
    p.n = make<graph::slice>({total, offset, size}, size);
    p.in = {numbers<T>(r, times(p.batch, total))};
    p.out = {times(p.batch, size)};
    return p;
}

// ---- all of them ----------------------------------------------------------------------------------------
/// Random problems of a primitive: make<T>(r), and how many of them the suite tries.
template <class Op>
struct random_problem {
    static_assert(!sizeof(Op*), "the conformance suite has no problems for this primitive");
};
template <class Op>
struct product_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return product<Op, T>(r);
    }
};
template <>
struct random_problem<graph::gemm> : product_problem<graph::gemm> {};
template <>
struct random_problem<graph::gemm_data> : product_problem<graph::gemm_data> {};
template <>
struct random_problem<graph::gemm_weights> : product_problem<graph::gemm_weights> {};
template <class Op>
struct convolution_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return convolution<Op, T>(r);
    }
};
template <>
struct random_problem<graph::conv2d> : convolution_problem<graph::conv2d> {};
template <>
struct random_problem<graph::conv2d_data> : convolution_problem<graph::conv2d_data> {};
template <>
struct random_problem<graph::conv2d_weights> : convolution_problem<graph::conv2d_weights> {};
template <class Op>
struct pool_problem {
    static constexpr unsigned rounds = 60;
    template <class T>
    static problem<T> make(rng& r) {
        return pool<Op, T>(r);
    }
};
template <>
struct random_problem<graph::max_pool2d> : pool_problem<graph::max_pool2d> {};
template <>
struct random_problem<graph::max_pool2d_grad> : pool_problem<graph::max_pool2d_grad> {};
template <>
struct random_problem<graph::avg_pool2d> : pool_problem<graph::avg_pool2d> {};
template <>
struct random_problem<graph::avg_pool2d_grad> : pool_problem<graph::avg_pool2d_grad> {};
template <class Op>
struct upsample_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return upsample<Op, T>(r);
    }
};
template <>
struct random_problem<graph::upsample2d> : upsample_problem<graph::upsample2d> {};
template <>
struct random_problem<graph::upsample2d_grad> : upsample_problem<graph::upsample2d_grad> {};
template <class Op>
struct some_softmax_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return some_softmax<Op, T>(r);
    }
};
template <>
struct random_problem<graph::softmax> : some_softmax_problem<graph::softmax> {};
template <>
struct random_problem<graph::softmax_grad> : some_softmax_problem<graph::softmax_grad> {};
template <>
struct random_problem<graph::log_softmax> : some_softmax_problem<graph::log_softmax> {};
template <>
struct random_problem<graph::log_softmax_grad> : some_softmax_problem<graph::log_softmax_grad> {};
template <class Op>
struct cross_entropy_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return cross_entropy<Op, T>(r);
    }
};
template <>
struct random_problem<graph::pick_nll> : cross_entropy_problem<graph::pick_nll> {};
template <>
struct random_problem<graph::pick_nll_grad> : cross_entropy_problem<graph::pick_nll_grad> {};
template <>
struct random_problem<graph::softmax_xent> : cross_entropy_problem<graph::softmax_xent> {};
template <>
struct random_problem<graph::softmax_xent_grad> : cross_entropy_problem<graph::softmax_xent_grad> {};
template <class Op>
struct some_layer_norm_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return some_layer_norm<Op, T>(r);
    }
};
template <>
struct random_problem<graph::layer_norm> : some_layer_norm_problem<graph::layer_norm> {};
template <>
struct random_problem<graph::layer_norm_grad> : some_layer_norm_problem<graph::layer_norm_grad> {};
template <class Op>
struct some_batch_norm_problem {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return some_batch_norm<Op, T>(r);
    }
};
template <>
struct random_problem<graph::batch_norm_stats> : some_batch_norm_problem<graph::batch_norm_stats> {};
template <>
struct random_problem<graph::batch_norm_coeffs> : some_batch_norm_problem<graph::batch_norm_coeffs> {};
template <>
struct random_problem<graph::batch_norm_sums> : some_batch_norm_problem<graph::batch_norm_sums> {};
template <>
struct random_problem<graph::reduce> {
    static constexpr unsigned rounds = 60;
    template <class T>
    static problem<T> make(rng& r) {
        return reduction<T>(r);
    }
};
template <>
struct random_problem<graph::concat> {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return concatenation<T>(r);
    }
};
template <>
struct random_problem<graph::slice> {
    static constexpr unsigned rounds = 12;
    template <class T>
    static problem<T> make(rng& r) {
        return slicing<T>(r);
    }
};

template <class Op, class T>
void check_all_of() {
    // Steps are all of an elementwise operation, and what expands never runs.
    if constexpr (!is<Op, graph::elementwise> && (graph::traits_of<Op> & graph::expands) == 0) {
        for (unsigned s = 1; s <= random_problem<Op>::rounds; ++s) {
            rng r(s * 7919 + unsigned(number_of<Op>));
            const problem<T> p = random_problem<Op>::template make<T>(r);
            CAPTURE(Op::name, s, p.batch, sizeof(T));
            check<Op>(p);
        }
    }
}
template <class T, class... Op>
void check_every(graph::primitive_list<Op...>) {
    (check_all_of<Op, T>(), ...);
}

}  // namespace conformance
