#pragma once
/// A stand-in for cuDNN: convolutions in plain loops over nothing but what a library is told.

#include <cstddef>
#include <vector>
#include <weft/backend/cuda/library/convolution.hpp>

#include "catch.hpp"
#include "stored_number.hpp"

namespace convolution_stand_in {

namespace cb = weft::cuda_backend;
using cb::stored_as;
using stand_ins::number, stand_ins::put;
using weft::conv2d_geometry;
namespace graph = weft::graph;

/// A tensor of four dimensions without gaps.
struct shape {
    int n, c, h, w;
    std::ptrdiff_t size() const { return std::ptrdiff_t(n) * c * h * w; }
    std::ptrdiff_t at(int i, int j, int k, int l) const {
        return ((std::ptrdiff_t(i) * c + j) * h + k) * w + l;
    }
};

enum class way { own, plain, fused };

struct stand_in {
    bool offers = true, offers_fused = true, timing = false;
    int best = 1;  ///< of own, fused (where there is one) and plain, when timing
    std::vector<way> done = {};

    bool measures() const { return timing; }
    template <class Device>
    bool can(const cb::convolution_problem& p, const cb::convolution_memory&, const Device&) const {
        return offers && (offers_fused || p.bias == stored_as::absent);
    }
    template <class Device, class... Ways>
    int fastest(const cb::convolution_problem&, const Device&, int otherwise, const Ways&... ways) const {
        if (!timing) return otherwise;
        (ways(), ...);  // as a measurement does
        return best;
    }

    template <class Device>
    void convolve(const cb::convolution_problem& p, const cb::convolution_memory& at, const Device&) {
        done.push_back(p.bias == stored_as::absent ? way::plain : way::fused);
        const conv2d_geometry& g = p.g;
        const int batch = int(p.batch);
        const shape x{batch, g.channels, g.height, g.width},
            w{g.filters, g.channels / g.groups, g.kernel_h, g.kernel_w},
            y{batch, g.filters, g.out_h(), g.out_w()};
        const bool forward = p.kind == weft::cuda_backend::gradient_of::nothing,
                   data = p.kind == weft::cuda_backend::gradient_of::data;
        std::vector<double> sums(std::size_t(forward ? y.size() : data ? x.size() : w.size()));
        for (int n = 0; n < batch; ++n)
            for (int f = 0; f < y.c; ++f)
                for (int i = 0; i < y.h; ++i)
                    for (int j = 0; j < y.w; ++j)
                        for (int c = 0; c < w.c; ++c)
                            for (int u = 0; u < w.h; ++u)
                                for (int v = 0; v < w.w; ++v) {
                                    const int row = i * g.stride_h + u * g.dilation_h - g.padding_h,
                                              column = j * g.stride_w + v * g.dilation_w - g.padding_w;
                                    if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
                                    const int channel = f / (y.c / g.groups) * w.c + c;
                                    const auto of_x = x.at(n, channel, row, column), of_w = w.at(f, c, u, v),
                                               of_y = y.at(n, f, i, j);
                                    sums[std::size_t(forward ? of_y
                                                     : data  ? of_x
                                                             : of_w)] +=
                                        number(at.left, p.left, data ? of_y : of_x) *
                                        number(at.right, p.right, forward || data ? of_w : of_y);
                                }
        for (std::ptrdiff_t e = 0; e < std::ptrdiff_t(sums.size()); ++e) {
            double s = sums[std::size_t(e)];
            if (p.bias != stored_as::absent)
                s += number(at.bias, p.bias, e / (std::ptrdiff_t(y.h) * y.w) % y.c);
            if (p.residual != stored_as::absent) s += number(at.residual, p.residual, e);
            put(at.out, p.out, e, p.relu && s < 0 ? 0 : s);
        }
    }
};

}  // namespace convolution_stand_in
