#pragma once

#include "convolution_images.hpp"
#include "convolution_weights.hpp"
#include "kernel.hpp"

namespace weft::cpu_backend {

template <>
struct kernel<graph::conv2d> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        work<T> w{n, a};
        conv2d_forward<T>(*c.team, n.as<graph::conv2d>().g, a.batch, a.in[0], a.in[1], a.out[0], c.scratch,
                          w.template finishing<Chain>());
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        return conv2d_forward_scratch<T>(n.as<graph::conv2d>().g, batch, threads);
    }
};

template <>
struct kernel<graph::conv2d_data> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        work<T> w{n, a};
        conv2d_backward_data<T>(*c.team, n.as<graph::conv2d_data>().g, a.batch, a.in[0], a.in[1], a.out[0],
                                c.scratch, w.template finishing<Chain>());
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        return conv2d_backward_data_scratch<T>(n.as<graph::conv2d_data>().g, batch, threads);
    }
};

template <>
struct kernel<graph::conv2d_weights> {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        conv2d_backward_weights<T>(*c.team, n.as<graph::conv2d_weights>().g, a.batch, a.in[0], a.in[1],
                                   a.out[0], a.out[1], c.scratch);
    }
    template <class T>
    static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads) {
        return conv2d_backward_weights_scratch<T>(n.as<graph::conv2d_weights>().g, batch, threads);
    }
};

}  // namespace weft::cpu_backend
