#pragma once
/// The CUDA policy: model<net, weft::cuda>, in programs built with nvcc --expt-relaxed-constexpr and linked
/// with cuBLAS
/// (-lcublasLt). Without nvcc this header still offers weft::cuda_twin, which runs the same kernels on the
/// host: slow, for tests and for looking at kernels with a debugger.

#include "backend/cuda/policy.hpp"
#include "device_workspace.hpp"
#ifdef __CUDACC__
#include "backend/cuda/cublaslt_products.cuh"
#endif

namespace weft {

using cuda_twin = cuda_policy<cuda_backend::host_twin>;
/// The same in mixed precision: cuda_twin_with<bfloat16>.
template <class Narrow>
using cuda_twin_with = cuda_policy<cuda_backend::host_twin, float, Narrow>;
#ifdef __CUDACC__
/// The current GPU, float.
using cuda = cuda_policy<cuda_backend::blaslt_stream>;
#else
struct cuda;  // a program that runs on a GPU is built with nvcc
#endif

}  // namespace weft
