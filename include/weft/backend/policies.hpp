#pragma once

#include "../config.hpp"

// Names of policies that have a header of their own, so that a program without it gets an error that names
// it.
namespace weft {

/// Runs a network on a device of CUDA's kind; #include <weft/cuda.hpp>.
template <class Device, class Scalar = float, class Narrow = Scalar>
struct cuda_policy;

#ifdef __CUDACC__
namespace cuda_backend {
class blaslt_stream;
class cudnn_stream;
}  // namespace cuda_backend
#if WEFT_WITH_CUDNN
using cuda_device = cuda_backend::cudnn_stream;
#else
using cuda_device = cuda_backend::blaslt_stream;
#endif
/// The current GPU, float.
using cuda = cuda_policy<cuda_device>;
#else
struct cuda;  // a program that runs on a GPU is built with nvcc
#endif

}  // namespace weft
