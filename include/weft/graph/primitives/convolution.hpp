#pragma once

#include "../../core/geometry.hpp"
#include "products.hpp"

namespace weft::graph {

/// Of a convolution of images x with weights w to images y.
struct convolution {
    conv2d_geometry g;

    static constexpr int inputs = 2, outputs = 1;
    static constexpr bool multiplies = true;
    constexpr port x() const { return {extents(g.channels, g.height, g.width)}; }
    constexpr port w() const {
        return {extents(g.filters, g.channels / g.groups, g.kernel_h, g.kernel_w), false};
    }
    constexpr port y() const { return {extents(g.filters, g.out_h(), g.out_w())}; }
    /// Taps that fall on the padding are counted.
    constexpr std::int64_t multiply_adds() const {
        return std::int64_t(g.out_h()) * g.out_w() * g.filters * (g.channels / g.groups) * g.kernel_h *
               g.kernel_w;
    }
    constexpr std::int64_t flops(const node&) const { return 2 * multiply_adds(); }
    constexpr extents window() const { return {g.kernel_h, g.kernel_w}; }
};

/// in: dy, w; out: dx
struct conv2d_data : convolution {
    static constexpr const char* name = "conv2d_data";
    static constexpr bool takes_steps = true;
    constexpr port in(int k) const { return k == 0 ? y() : w(); }
    constexpr port out(int) const { return x(); }
    constexpr operation_text text(const node&) const {
        return {.from = y().dims, .to = x().dims, .window = window()};
    }
};

/// in: x, dy; out: dw (and db[filters])
struct conv2d_weights : convolution {
    static constexpr const char* name = "conv2d_weights";
    static constexpr int outputs = 2;
    constexpr port in(int k) const { return k == 0 ? x() : y(); }
    constexpr port out(int k) const { return k == 0 ? w() : port{extents(g.filters), false, true}; }
    constexpr blocking bias_view() const { return {1, g.filters, g.out_h() * g.out_w()}; }
    constexpr std::int64_t flops(const node& n) const {
        return 2 * multiply_adds() + (n.out[1] >= 0 ? y().dims.size() : 0);
    }
    constexpr operation_text text(const node& n) const {
        return {.to = w().dims, .window = window(), .also = n.out[1] >= 0 ? " + bias sums" : ""};
    }
};

/// in: x, w; out: y
struct conv2d : convolution {
    static constexpr const char* name = "conv2d";
    static constexpr bool takes_steps = true;
    constexpr port in(int k) const { return k == 0 ? x() : w(); }
    constexpr port out(int) const { return y(); }
    constexpr operation_text text(const node&) const {
        return {.from = x().dims, .to = y().dims, .window = window()};
    }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        product_gradient<conv2d_data, conv2d_weights>(d, n.as<convolution>(), n);
    }
};

}  // namespace weft::graph
