#pragma once

#include <cuda_runtime.h>

#include <string>

#include "../../core/error.hpp"
#include "memory.hpp"

namespace weft::device {

/// Raises weft::error where a call of CUDA's failed; `call` names it, and `operation` what it was for.
inline void check(cudaError_t status, const char* call, const char* operation = "") {
    if (status == cudaSuccess) return;
    raise("cannot run on the GPU", *operation ? std::string(call) + " of " + operation : std::string(call),
          std::string(cudaGetErrorName(status)) + ", " + cudaGetErrorString(status));
}

/// The memory of the current GPU.
struct gpu_space {
    static void* allocate(std::size_t bytes, const char* what) {
        void* at = nullptr;
        const cudaError_t status = cudaMalloc(&at, bytes);
        if (status == cudaErrorMemoryAllocation) {
            std::size_t free = 0, total = 0;
            static_cast<void>(cudaGetLastError());  // the error is told here; it shall not come back later
            check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
            raise("not enough memory on the GPU", what,
                  "it needs " + mebibytes(bytes) + "; " + mebibytes(free) + " of " + mebibytes(total) +
                      " are free");
        }
        check(status, "cudaMalloc", what);
        return at;
    }
    static void release(void* at) { static_cast<void>(cudaFree(at)); }
    static void* allocate_staging(std::size_t bytes) {
        void* at = nullptr;
        check(cudaMallocHost(&at, bytes), "cudaMallocHost");
        return at;
    }
    static void release_staging(void* at) { static_cast<void>(cudaFreeHost(at)); }
    static void zero(void* at, std::size_t bytes) { check(cudaMemset(at, 0, bytes), "cudaMemset"); }
    static void copy_in(const void* from, void* to, std::size_t bytes) {
        check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "cudaMemcpy to the GPU");
    }
    static void copy_out(const void* from, void* to, std::size_t bytes) {
        check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy from the GPU");
    }
    static void copy_across(const void* from, void* to, std::size_t bytes) {
        check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToDevice), "cudaMemcpy on the GPU");
    }

private:
    static std::string mebibytes(std::size_t bytes) {
        const std::size_t tenths = (bytes * 10 + 1048575) / 1048576;
        return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
    }
};

}  // namespace weft::device
