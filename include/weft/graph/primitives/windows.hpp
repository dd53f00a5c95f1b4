#pragma once

#include "../../core/geometry.hpp"
#include "../record.hpp"

namespace weft::graph {

/// Of a pool of images x to images y.
struct pool {
    pool_geometry g;

    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr port x() const { return {extents(g.channels, g.height, g.width)}; }
    constexpr port y() const { return {extents(g.channels, g.out_h, g.out_w)}; }
    constexpr std::int64_t flops(const node&) const {
        return std::int64_t(y().dims.size()) * g.kernel_h * g.kernel_w;
    }
    constexpr operation_text text_of(const port& from, const port& to) const {
        return {.from = from.dims, .to = to.dims, .window = {g.kernel_h, g.kernel_w}};
    }
};

/// in: dy, x; out: dx (the first maximum of a window takes its gradient)
struct max_pool2d_grad : pool {
    static constexpr const char* name = "max_pool2d_grad";
    static constexpr int inputs = 2;
    constexpr port in(int k) const { return k == 0 ? y() : x(); }
    constexpr port out(int) const { return x(); }
    constexpr operation_text text(const node&) const { return text_of(y(), x()); }
};

/// in: x; out: y
struct max_pool2d : pool {
    static constexpr const char* name = "max_pool2d";
    constexpr port in(int) const { return x(); }
    constexpr port out(int) const { return y(); }
    constexpr operation_text text(const node&) const { return text_of(x(), y()); }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0], d.emit(max_pool2d_grad{n.as<pool>()}, {d.of(n.out[0]), n.in[0]}));
    }
};

/// in: dy; out: dx
struct avg_pool2d_grad : pool {
    static constexpr const char* name = "avg_pool2d_grad";
    constexpr port in(int) const { return y(); }
    constexpr port out(int) const { return x(); }
    constexpr operation_text text(const node&) const { return text_of(y(), x()); }
};

/// in: x; out: y
struct avg_pool2d : pool {
    static constexpr const char* name = "avg_pool2d";
    constexpr port in(int) const { return x(); }
    constexpr port out(int) const { return y(); }
    constexpr operation_text text(const node&) const { return text_of(x(), y()); }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0], d.emit(avg_pool2d_grad{n.as<pool>()}, {d.of(n.out[0])}));
    }
};

/// Of images x whose pixels are repeated to images y.
struct upsampling {
    int channels, height, width, by_h, by_w;

    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;
    constexpr port x() const { return {extents(channels, height, width)}; }
    constexpr port y() const { return {extents(channels, height * by_h, width * by_w)}; }
};

/// in: dy; out: dx
struct upsample2d_grad : upsampling {
    static constexpr const char* name = "upsample2d_grad";
    constexpr port in(int) const { return y(); }
    constexpr port out(int) const { return x(); }
    constexpr std::int64_t flops(const node&) const { return y().dims.size(); }
    constexpr operation_text text(const node&) const { return {.from = y().dims, .to = x().dims}; }
};

/// in: x; out: y (nearest)
struct upsample2d : upsampling {
    static constexpr const char* name = "upsample2d";
    constexpr port in(int) const { return x(); }
    constexpr port out(int) const { return y(); }
    constexpr operation_text text(const node&) const { return {.from = x().dims, .to = y().dims}; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        d.add(n.in[0], d.emit(upsample2d_grad{n.as<upsampling>()}, {d.of(n.out[0])}));
    }
};

}  // namespace weft::graph
