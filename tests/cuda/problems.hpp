#pragma once
/// Problems for CUDA's kernels where the conformance suite does not reach.

#include "conformance/operations.hpp"

namespace conformance {

template <step_kind Kind, operand_mode Mode = operand_mode::same, function Fn = function::none,
          std::int32_t Bits0 = 0, std::int32_t Bits1 = 0>
using step = weft::step_type<Kind, Fn, Mode, Bits0, Bits1>;
template <class... Steps>
using chain = weft::chain<weft::graph::function_list<>, operand_mode::same, Steps...>;
/// Reads its operands in all ways, draws, and leaves something on the way.
using varied =
    chain<step<step_kind::add, operand_mode::channel>, step<step_kind::store>,
          step<step_kind::apply, operand_mode::same, function::silu>,
          step<step_kind::dropout, operand_mode::same, function::none, to_bits(0.3), 3>,
          step<step_kind::multiply, operand_mode::inner>, step<step_kind::add, operand_mode::fixed>,
          step<step_kind::subtract, operand_mode::sample_scalar>, step<step_kind::add>>;

/// Small enough that sums of thousands stay of the order of one.
template <class T>
std::vector<T> small_numbers(rng& r, std::int64_t size) {
    return numbers<T>(r, std::size_t(size), -0.2, 0.2);
}

/// A matrix product of given sizes; the gradient of a bias comes with odd depths.
template <class Op, class T>
problem<T> product_of(int batch, int rows, int outs, int k, rng& r) {
    problem<T> p;
    p.batch = batch;
    p.n = make<Op>({rows, outs, k}, 1);
    p.n.view = {rows, is<Op, graph::gemm> ? outs : k, 1};
    const std::int64_t all = std::int64_t(batch) * rows;
    const auto x = small_numbers<T>(r, all * k), y = small_numbers<T>(r, all * outs),
               w = small_numbers<T>(r, std::int64_t(outs) * k);
    if (is<Op, graph::gemm>) {
        p.in = {x, w};
        p.out = {y.size()};
        p.length = k;
    } else if (is<Op, graph::gemm_data>) {
        p.in = {y, w};
        p.out = {x.size()};
        p.length = outs;
    } else {
        p.in = {x, y};
        p.out = {w.size(), k % 2 ? std::size_t(outs) : 0};
        p.length = double(all);
    }
    return p;
}

/// A convolution of given sizes; the gradient of a bias comes with odd batches.
template <class Op, class T>
problem<T> convolution_of(int batch, const weft::conv2d_geometry& g, rng& r) {
    problem<T> p;
    p.batch = batch;
    p.n = make<Op>({g.channels, g.height, g.width, g.filters, g.kernel_h, g.kernel_w, g.stride_h, g.stride_w,
                    g.padding_h, g.padding_w, g.dilation_h, g.dilation_w, g.groups},
                   1);
    const int plane = g.out_h() * g.out_w(), taps = g.kernel_h * g.kernel_w;
    p.n.view = is<Op, graph::conv2d> ? weft::graph::blocking{1, g.filters, plane}
                                     : weft::graph::blocking{1, g.channels, g.height * g.width};
    const std::int64_t samples = batch;
    const auto x = small_numbers<T>(r, samples * g.channels * g.height * g.width),
               y = small_numbers<T>(r, samples * g.filters * plane),
               w = small_numbers<T>(r, std::int64_t(g.filters) * (g.channels / g.groups) * taps);
    if (is<Op, graph::conv2d>) {
        p.in = {x, w};
        p.out = {y.size()};
        p.length = g.channels / g.groups * taps;
    } else if (is<Op, graph::conv2d_data>) {
        p.in = {y, w};
        p.out = {x.size()};
        p.length = g.filters / g.groups * taps;
    } else {
        p.in = {x, y};
        p.out = {w.size(), batch % 2 ? std::size_t(g.filters) : 0};
        p.length = double(batch) * plane;
    }
    return p;
}

/// Rows of one size.
template <class Op, class T>
problem<T> rows_of(int batch, int size, rng& r) {
    problem<T> p;
    p.batch = batch;
    const std::size_t all = times(batch, size), rows = std::size_t(batch);
    p.length = 64 + 4 * size;
    if (is<Op, graph::layer_norm> || is<Op, graph::layer_norm_grad>) {
        p.n = make<Op>({1, size, to_bits(1e-5f)}, size);
        p.in = {numbers<T>(r, all, 1, 4)};
        p.out = {all, rows};
        if (is<Op, graph::layer_norm_grad>) {
            p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, rows, 0.5, 2)};
            p.out = {all};
        }
    } else if (is<Op, graph::softmax_xent> || is<Op, graph::softmax_xent_grad>) {
        p.n = make<Op>({size, 1, to_bits(0.1f), 1}, is<Op, graph::softmax_xent> ? 1 : size);
        std::vector<T> labels(rows);
        for (std::size_t i = 0; i < rows; ++i) labels[i] = T(between(r, 0, size - 1));
        const std::vector<T> weights = numbers<T>(r, std::size_t(size), 0.5, 2);
        p.in = {numbers<T>(r, all, -9, 9), labels, weights};
        p.out = {rows, rows, all};
        if (is<Op, graph::softmax_xent_grad>) {
            p.in = {numbers<T>(r, rows), numbers<T>(r, all, 0, 1), labels, weights};
            p.out = {all};
        }
    } else {
        p.n = make<Op>({1, size, 1}, size);
        p.in = {numbers<T>(r, all, -9, 9)};
        if (is<Op, graph::softmax_grad>) p.in = {numbers<T>(r, all), numbers<T>(r, all, 0, 0.2)};
        p.out = {all};
    }
    return p;
}

template <class T>
problem<T> large_reduction(operand_mode mode, weft::graph::blocking v, int batch, rng& r) {
    if (mode == operand_mode::sample_channel || mode == operand_mode::sample_inner) v.outer = 1;
    problem<T> p;
    p.batch = batch;
    p.n = make<graph::reduce>({v.outer, v.channels, v.inner, int(mode), -3, 1}, 1);
    p.in = {numbers<T>(r, times(p.batch, v.size()), 0, 1)};
    p.out = {std::size_t(weft::graph::operand_size(mode, v)) *
             std::size_t(weft::graph::is_per_sample(mode) ? p.batch : 1)};
    p.length = 4.0 * p.batch * v.size() / double(p.out[0]);
    return p;
}

template <class Op, class T>
problem<T> large_batch_norm(int batch, int channels, int inner, rng& r) {
    problem<T> p;
    p.batch = batch;
    const std::size_t all = times(batch, channels, inner), c = std::size_t(channels);
    p.n = make<Op>({channels, inner, to_bits(1e-5f), to_bits(0.1f)}, channels * inner);
    const std::vector<T> gamma = numbers<T>(r, c, 0.5, 2), mean = numbers<T>(r, c),
                         variance = numbers<T>(r, c, 0.5, 2);
    if (is<Op, graph::batch_norm_stats>) {
        p.in = {numbers<T>(r, all, 1, 4), gamma, numbers<T>(r, c), mean, variance};
        p.out = {c, c, c, c};
    } else {
        p.in = {numbers<T>(r, all), numbers<T>(r, all, -2, 2), gamma, mean, variance};
        p.out = {c, c, c, c, c};
    }
    p.length = 64 + 16.0 * batch * inner;
    return p;
}

/// Makes a problem whose result has 4 channels of 6 by `width`, and looks at the result as that.
template <class Op, class T>
problem<T> behind(int width, rng& r) {
    problem<T> p;
    p.batch = 5;
    const int size = 24 * width, pooled = 4 * 12 * 2 * width;
    const std::size_t all = times(p.batch, size);
    p.in = {numbers<T>(r, all)};
    if constexpr (is<Op, graph::softmax> || is<Op, graph::softmax_grad> || is<Op, graph::log_softmax> ||
                  is<Op, graph::log_softmax_grad>) {
        p.n = make<Op>({4, 6, width}, size);
        p.in.push_back(numbers<T>(r, all, -1, 1));
    } else if constexpr (is<Op, graph::layer_norm_grad>) {
        p.n = make<Op>({4, 6 * width, to_bits(1e-5f)}, size);
        p.in = {numbers<T>(r, all), numbers<T>(r, all), numbers<T>(r, times(p.batch, 4), 0.5, 2)};
    } else if constexpr (is<Op, graph::max_pool2d> || is<Op, graph::avg_pool2d>) {
        p.n = make<Op>({4, 12, 2 * width, 2, 2, 2, 2, 0, 0, 0, 6, width}, size);
        p.in = {numbers<T>(r, times(p.batch, pooled))};
    } else if constexpr (is<Op, graph::max_pool2d_grad> || is<Op, graph::avg_pool2d_grad>) {
        // windows that overlap, or tile the image
        if (width % 2)
            p.n = make<Op>({4, 6, width, 3, 1, 2, 1, 1, 0, 0, 3, width}, size);
        else
            p.n = make<Op>({4, 6, width, 2, 2, 2, 2, 0, 0, 0, 3, width / 2}, size);
        p.in = {numbers<T>(r, times(p.batch, 4 * 3, p.n.attributes[11])), numbers<T>(r, all)};
    } else if constexpr (is<Op, graph::upsample2d>) {
        p.n = make<Op>({4, 3, width, 2, 1}, size);
    } else if constexpr (is<Op, graph::upsample2d_grad>) {
        p.n = make<Op>({4, 6, width, 2, 2}, size);
        p.in = {numbers<T>(r, times(p.batch, 2 * pooled))};
    } else if constexpr (is<Op, graph::concat>) {
        p.n = make<Op>({8 * width, 16 * width, 0, 0, 0, 0, 0, 0, 2}, size);
        p.in = {numbers<T>(r, all / 3), numbers<T>(r, all / 3 * 2)};
    } else {
        p.n = make<Op>({size + 8, 4, size}, size);
        p.in = {numbers<T>(r, times(p.batch, size + 8))};
    }
    p.out = {all};
    p.n.view = {1, 4, 6 * width};
    p.length = 100;
    return p;
}

}  // namespace conformance
