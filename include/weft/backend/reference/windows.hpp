#pragma once

#include "../arguments.hpp"

namespace weft::reference_backend {

/// The geometry that a pool's record holds, and the window of one result cut to the image.
struct pool_geometry {
    int channels, height, width, kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, count_padding,
        out_h, out_w;

    constexpr explicit pool_geometry(const graph::node& n)
        : channels(n.attribute[0]),
          height(n.attribute[1]),
          width(n.attribute[2]),
          kernel_h(n.attribute[3]),
          kernel_w(n.attribute[4]),
          stride_h(n.attribute[5]),
          stride_w(n.attribute[6]),
          padding_h(n.attribute[7]),
          padding_w(n.attribute[8]),
          count_padding(n.attribute[9]),
          out_h(n.attribute[10]),
          out_w(n.attribute[11]) {}

    struct span {
        int top, bottom, left, right, divisor;
    };
    constexpr span window(int y, int x) const {
        const int top = y * stride_h - padding_h, left = x * stride_w - padding_w;
        const int bottom = top + kernel_h, right = left + kernel_w;
        // PyTorch's divisor counts the padding, but not what a window reaches beyond it
        const int all = ((bottom < height + padding_h ? bottom : height + padding_h) - top) *
                        ((right < width + padding_w ? right : width + padding_w) - left);
        span s{top > 0 ? top : 0, bottom < height ? bottom : height, left > 0 ? left : 0,
               right < width ? right : width, 0};
        s.divisor = count_padding ? all : (s.bottom - s.top) * (s.right - s.left);
        return s;
    }
    constexpr std::ptrdiff_t in() const { return std::ptrdiff_t(height) * width; }
    constexpr std::ptrdiff_t out() const { return std::ptrdiff_t(out_h) * out_w; }
};

/// The index of the first maximum of a window; NaN wins, as in PyTorch.
template <class T>
constexpr int argmax(const T* image, int width, const pool_geometry::span& w) {
    int best = w.top * width + w.left;
    for (int y = w.top; y < w.bottom; ++y)
        for (int x = w.left; x < w.right; ++x) {
            const T candidate = image[y * width + x];
            if (candidate > image[best] || (candidate != candidate && image[best] == image[best]))
                best = y * width + x;
        }
    return best;
}

template <class T>
constexpr void max_pool2d(const graph::node& n, const arguments<T>& a, int first, int last) {
    const pool_geometry g(n);
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * g.channels; p < std::ptrdiff_t(last) * g.channels; ++p)
        for (int y = 0; y < g.out_h; ++y)
            for (int x = 0; x < g.out_w; ++x) {
                const T* image = a.in[0] + p * g.in();
                a.out[0][p * g.out() + y * g.out_w + x] = image[argmax(image, g.width, g.window(y, x))];
            }
}

template <class T>
constexpr void max_pool2d_grad(const graph::node& n, const arguments<T>& a, int first, int last) {
    const pool_geometry g(n);
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * g.channels; p < std::ptrdiff_t(last) * g.channels; ++p) {
        T* dx = a.out[0] + p * g.in();
        const T* image = a.in[1] + p * g.in();
        for (std::ptrdiff_t i = 0; i < g.in(); ++i) dx[i] = 0;
        for (int y = 0; y < g.out_h; ++y)
            for (int x = 0; x < g.out_w; ++x)
                dx[argmax(image, g.width, g.window(y, x))] += a.in[0][p * g.out() + y * g.out_w + x];
    }
}

template <class T>
constexpr void avg_pool2d(const graph::node& n, const arguments<T>& a, int first, int last) {
    const pool_geometry g(n);
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * g.channels; p < std::ptrdiff_t(last) * g.channels; ++p)
        for (int y = 0; y < g.out_h; ++y)
            for (int x = 0; x < g.out_w; ++x) {
                const pool_geometry::span w = g.window(y, x);
                T sum = 0;
                for (int v = w.top; v < w.bottom; ++v)
                    for (int u = w.left; u < w.right; ++u) sum += a.in[0][p * g.in() + v * g.width + u];
                a.out[0][p * g.out() + y * g.out_w + x] = sum / T(w.divisor);
            }
}

template <class T>
constexpr void avg_pool2d_grad(const graph::node& n, const arguments<T>& a, int first, int last) {
    const pool_geometry g(n);
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * g.channels; p < std::ptrdiff_t(last) * g.channels; ++p) {
        T* dx = a.out[0] + p * g.in();
        for (std::ptrdiff_t i = 0; i < g.in(); ++i) dx[i] = 0;
        for (int y = 0; y < g.out_h; ++y)
            for (int x = 0; x < g.out_w; ++x) {
                const pool_geometry::span w = g.window(y, x);
                const T share = a.in[0][p * g.out() + y * g.out_w + x] / T(w.divisor);
                for (int v = w.top; v < w.bottom; ++v)
                    for (int u = w.left; u < w.right; ++u) dx[v * g.width + u] += share;
            }
    }
}

template <class T>
constexpr void upsample2d(const graph::node& n, const arguments<T>& a, int first, int last) {
    const int channels = n.attribute[0], height = n.attribute[1], width = n.attribute[2];
    const int by_h = n.attribute[3], by_w = n.attribute[4], out_w = width * by_w, out_h = height * by_h;
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * channels; p < std::ptrdiff_t(last) * channels; ++p)
        for (int y = 0; y < out_h; ++y)
            for (int x = 0; x < out_w; ++x)
                a.out[0][(p * out_h + y) * out_w + x] = a.in[0][(p * height + y / by_h) * width + x / by_w];
}

template <class T>
constexpr void upsample2d_grad(const graph::node& n, const arguments<T>& a, int first, int last) {
    const int channels = n.attribute[0], height = n.attribute[1], width = n.attribute[2];
    const int by_h = n.attribute[3], by_w = n.attribute[4], out_w = width * by_w, out_h = height * by_h;
    for (std::ptrdiff_t p = std::ptrdiff_t(first) * channels; p < std::ptrdiff_t(last) * channels; ++p)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                T sum = 0;
                for (int v = 0; v < by_h; ++v)
                    for (int u = 0; u < by_w; ++u)
                        sum += a.in[0][(p * out_h + y * by_h + v) * out_w + x * by_w + u];
                a.out[0][(p * height + y) * width + x] = sum;
            }
}

}  // namespace weft::reference_backend
