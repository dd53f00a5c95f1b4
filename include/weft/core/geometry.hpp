#pragma once

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

}  // namespace weft
