#pragma once

#include <cublas_v2.h>
#include <thrust/system/cuda/execution_policy.h>

#include <exception>
#include <memory>

#include "../device/gpu.cuh"
#include "system.hpp"

namespace weft {

/// Thrust on CUDA, in programs built with nvcc and linked with cuBLAS (-lcublas). One object is one stream of
/// the current GPU: what is started on it runs in order, and nothing waits for it but wait() and copies.
class cuda_system : public thrust_backend::device_cut {
public:
    using cut = device_cut;
    using memory = device::memory<device::gpu_space>;
    static constexpr const char* name = "thrust<cuda>";

    cuda_system() {
        cudaStream_t stream = nullptr;
        device::check(cudaStreamCreate(&stream), "cudaStreamCreate");
        stream_.reset(stream);
        cublasHandle_t library = nullptr;
        check(cublasCreate(&library), "cublasCreate");
        library_.reset(library);
        check(cublasSetStream(library, stream), "cublasSetStream");
    }

    auto policy() const { return ::thrust::cuda::par_nosync.on(stream_.get()); }
    /// What is started from now on is for this operation; errors name it.
    void begin(const char* operation) { operation_ = operation; }
    /// Copies from staged memory.
    void upload(const void* from, void* to, std::size_t bytes) const {
        device::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_.get()),
                      "cudaMemcpyAsync to the GPU");
    }
    /// Copies to staged memory.
    void download(const void* from, void* to, std::size_t bytes) const {
        device::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_.get()),
                      "cudaMemcpyAsync from the GPU");
    }
    /// Copies within the GPU's memory.
    void copy(const void* from, void* to, std::size_t bytes) const {
        device::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_.get()),
                      "cudaMemcpyAsync on the GPU");
    }
    void wait() const { device::check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize"); }
    template <class Key, class Enqueue>
    void replay(const Key&, const Enqueue& enqueue) const {
        enqueue();
    }
    template <class First, class Functor>
    void for_each(First first, std::ptrdiff_t count, const Functor& f) const {
#if WEFT_HAS_EXCEPTIONS
        try {
            ::thrust::for_each_n(policy(), first, count, f);
        } catch (const std::exception& e) {
            raise("cannot run on the GPU", operation_, e.what());
        }
#else
        ::thrust::for_each_n(policy(), first, count, f);
#endif
    }
    /// See thrust_backend::matrix_library.
    void multiply_columns(bool transpose_a, bool transpose_b, std::ptrdiff_t m, std::ptrdiff_t n,
                          std::ptrdiff_t k, const float* a, std::ptrdiff_t lda, const float* b,
                          std::ptrdiff_t ldb, float* c, bool add = false) const {
        const float one = 1, kept = add ? 1 : 0;
        check(cublasSgemm(library_.get(), how(transpose_a), how(transpose_b), int(m), int(n), int(k), &one, a,
                          int(lda), b, int(ldb), &kept, c, int(m)),
              "cublasSgemm");
    }
    void multiply_columns(bool transpose_a, bool transpose_b, std::ptrdiff_t m, std::ptrdiff_t n,
                          std::ptrdiff_t k, const double* a, std::ptrdiff_t lda, const double* b,
                          std::ptrdiff_t ldb, double* c, bool add = false) const {
        const double one = 1, kept = add ? 1 : 0;
        check(cublasDgemm(library_.get(), how(transpose_a), how(transpose_b), int(m), int(n), int(k), &one, a,
                          int(lda), b, int(ldb), &kept, c, int(m)),
              "cublasDgemm");
    }

private:
    struct destroy {
        void operator()(cudaStream_t stream) const { static_cast<void>(cudaStreamDestroy(stream)); }
        void operator()(cublasHandle_t library) const { static_cast<void>(cublasDestroy(library)); }
    };
    static cublasOperation_t how(bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; }
    void check(cublasStatus_t status, const char* call) const {
        if (status != CUBLAS_STATUS_SUCCESS)
            raise("cannot run on the GPU", *operation_ ? std::string(call) + " of " + operation_ : call,
                  cublasGetStatusString(status));
    }

    std::unique_ptr<CUstream_st, destroy> stream_;
    std::unique_ptr<cublasContext, destroy> library_;  // a handle must not be used by two threads at once
    const char* operation_ = "";
};

}  // namespace weft
