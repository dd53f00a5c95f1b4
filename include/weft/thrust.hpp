#pragma once
/// The Thrust policy: model<net, weft::thrust<weft::omp>>. Needs Thrust's headers, from a CUDA toolkit
/// (include/cccl) or Debian's libthrust-dev; nothing of CUDA for the systems of the host.

#include "backend/thrust/policy.hpp"
#ifdef __CUDACC__
#include "backend/thrust/cublas.hpp"
#endif
