#pragma once
/// The CUDA policy: model<net, weft::cuda>, in programs built with nvcc --expt-relaxed-constexpr and linked
/// with cuBLAS (-lcublasLt), and for convolutions by cuDNN with -DWEFT_WITH_CUDNN=1 and -lcudnn. Without nvcc
/// this header still offers weft::cuda_twin, which runs the same kernels on the host: slow, for tests and for
/// looking at kernels with a debugger.

#include "config.hpp"

// Macros of these names, as some systems' headers have them, are the program's again at the end.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

#include "backend/cuda/options.hpp"
#include "backend/cuda/policy.hpp"
#include "device_workspace.hpp"
#ifdef __CUDACC__
#include "backend/cuda/library/cublaslt_products.cuh"
#if WEFT_WITH_CUDNN
#include "backend/cuda/library/cudnn.cuh"
#endif
#endif

namespace weft {

using cuda_twin = cuda_policy<cuda_backend::host_twin>;
/// The same with options as cuda_with has them; it has no libraries.
template <class... Options>
using cuda_twin_with =
    cuda_policy<cuda_backend::host_twin, typename cuda_backend::options<Options...>::scalar,
                typename cuda_backend::options<Options...>::narrow>;
#ifdef __CUDACC__
/// The current GPU with options, in any order: a type of numbers (double; float16 or bfloat16 for mixed
/// precision), tf32, autotune. E.g. cuda_with<bfloat16>.
template <class... Options>
using cuda_with = cuda_policy<
    cuda_backend::stream_with<cuda_device, cuda_backend::blaslt_options, cuda_backend::options<Options...>>,
    typename cuda_backend::options<Options...>::scalar, typename cuda_backend::options<Options...>::narrow>;
#endif

}  // namespace weft

#pragma pop_macro("max")
#pragma pop_macro("min")
