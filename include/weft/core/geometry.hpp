#pragma once

#include <cstddef>

namespace weft {

/// The sizes of one 2-d convolution: images [channels, height, width] (NCHW without the batch), weights
/// [filters, channels / groups, kernel_h, kernel_w], results [filters, out_h, out_w]. Zero padding.
struct conv2d_geometry {
    int channels, height, width;
    int filters, kernel_h, kernel_w;
    int stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w, groups;

    constexpr int out_h() const {
        return (height + 2 * padding_h - dilation_h * (kernel_h - 1) - 1) / stride_h + 1;
    }
    constexpr int out_w() const {
        return (width + 2 * padding_w - dilation_w * (kernel_w - 1) - 1) / stride_w + 1;
    }
    constexpr bool operator==(const conv2d_geometry&) const = default;
};

/// The sizes of one 2-d pool over images [channels, height, width], and the window of one result cut to the
/// image.
struct pool_geometry {
    int channels, height, width, kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, count_padding,
        out_h, out_w;

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

}  // namespace weft
