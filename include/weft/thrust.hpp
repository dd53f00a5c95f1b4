#pragma once
/// The Thrust policy: model<net, weft::thrust<weft::omp>>. Needs Thrust's headers, from a CUDA toolkit
/// (include/cccl) or Debian's libthrust-dev; nothing of CUDA for the systems of the host.

#include "config.hpp"

// Macros of these names, as some systems' headers have them, are the program's again at the end.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

#include "backend/thrust/policy.hpp"
#include "backend/thrust/twin.hpp"
#include "device_workspace.hpp"
#ifdef __CUDACC__
#include "backend/thrust/cuda_system.cuh"
#endif

#pragma pop_macro("max")
#pragma pop_macro("min")
