#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "../memory.hpp"
#include "block.hpp"

namespace weft::cuda_backend {

/// Runs kernels on the host, a block after the other: what a stream is on a device.
struct host_twin : device::twin {
    /// Launches `blocks` blocks of a kernel.
    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        using shared = typename Kernel::shared;
        static_assert(std::is_trivially_copyable_v<Kernel> &&
                      std::is_trivially_default_constructible_v<shared>);
        const auto memory = std::make_unique<shared>();
        for (std::int64_t i = 0; i < blocks; ++i) {
            std::memset(static_cast<void*>(memory.get()), 0xff,
                        sizeof(shared));  // NaN where nothing was written
            host_block<Kernel::threads> block{i};
            kernel(block, *memory);
        }
    }
};

/// Launches a kernel that gives each thread the numbers of one index: kernel(index) for index < count.
template <class Each>
struct indexed {
    static constexpr int threads = 256;
    using shared = no_shared;
    Each each;
    std::int64_t count;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared&) const {
        for (const int t : block) {
            const std::int64_t i = block.index() * threads + t;
            if (i < count) each(i);
        }
    }
};
template <class Device, class Each>
void for_each_index(const Device& device, std::int64_t count, const Each& each) {
    if (count > 0) device.launch(pieces(count, indexed<Each>::threads), indexed<Each>{each, count});
}

}  // namespace weft::cuda_backend
