#pragma once

#include <cstdint>

#include "../../../config.hpp"

namespace weft::cuda_backend {

/// Division by a number that is known when a kernel is launched: a multiplication, a sum and a shift, where a
/// device would take some twenty instructions. For 0 <= n < 2^31.
class divider {
public:
    divider() = default;
    constexpr explicit divider(std::int64_t by) : by_(std::uint32_t(by)) {
        while ((std::uint64_t(1) << shift_) < by_) ++shift_;
        multiplier_ = std::uint32_t((((std::uint64_t(1) << shift_) - by_) << 32) / by_ + 1);
    }
    WEFT_DEVICE constexpr int operator()(int n) const {
        const std::uint32_t x = std::uint32_t(n);
        return int((std::uint32_t((std::uint64_t(x) * multiplier_) >> 32) + x) >> shift_);
    }
    WEFT_DEVICE constexpr int by() const { return int(by_); }

private:
    std::uint32_t by_ = 1, multiplier_ = 1, shift_ = 0;
};

}  // namespace weft::cuda_backend
