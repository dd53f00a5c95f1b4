#pragma once

#include <cuda_runtime.h>

#include <string>

#include "../../core/error.hpp"
#include "launch.hpp"

namespace weft::cuda_backend {

/// Raises weft::error where a call of CUDA's failed; `what` names the call.
inline void check(cudaError_t status, const char* what) {
    if (status != cudaSuccess)
        raise("cannot run on the GPU", what,
              std::string(cudaGetErrorName(status)) + ", " + cudaGetErrorString(status));
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads) enter(const Kernel kernel) {
    extern __shared__ __align__(128) unsigned char bytes[];
    device_block<Kernel::threads> block;
    kernel(block, *reinterpret_cast<typename Kernel::shared*>(bytes));
}

/// Runs kernels on a device, one after the other, without waiting for them.
struct stream {
    cudaStream_t handle = nullptr;

    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        constexpr std::size_t bytes = sizeof(typename Kernel::shared);
        if (blocks <= 0) return;
        if constexpr (bytes > 48 * 1024)
            check(
                cudaFuncSetAttribute(enter<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)),
                "cudaFuncSetAttribute");
        enter<Kernel><<<unsigned(blocks), Kernel::threads, bytes, handle>>>(kernel);
        check(cudaGetLastError(), "a kernel's launch");
    }
};

}  // namespace weft::cuda_backend
