#pragma once
/// The Thrust policy: model<net, weft::thrust<weft::omp>>. Needs Thrust's headers, from a CUDA toolkit
/// (include/cccl) or Debian's libthrust-dev; nothing of CUDA for the systems of the host.

#include "backend/thrust/policy.hpp"
#include "backend/thrust/twin.hpp"
#include "device_workspace.hpp"
#ifdef __CUDACC__
#include "backend/thrust/cuda_system.cuh"
#endif
