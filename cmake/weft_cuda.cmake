# weft::cuda: what programs with weft/cuda.hpp are built with and link, where a CUDA toolkit is found.
set(WEFT_WITH_CUDA AUTO CACHE STRING "Offer weft::cuda (weft/cuda.hpp): ON, OFF, or AUTO for where a CUDA toolkit is found")

function(weft_cuda)
  if(NOT WEFT_WITH_CUDA)
    return()
  endif()
  find_package(CUDAToolkit 12 QUIET)
  if(NOT TARGET CUDA::cublasLt)
    if(WEFT_WITH_CUDA STREQUAL AUTO)
      message(STATUS "weft: no CUDA toolkit is found; weft::cuda is left out")
      return()
    endif()
    message(FATAL_ERROR "weft: WEFT_WITH_CUDA is ${WEFT_WITH_CUDA}, and no CUDA toolkit with cuBLAS is found. "
                        "Put nvcc on PATH or set CUDAToolkit_ROOT.")
  endif()
  weft_option_target(cuda PACKAGE CUDAToolkit LINK CUDA::cudart CUDA::cublasLt)
  # Kernels call constexpr functions; 20012 is what nvcc says of Eigen's headers.
  target_compile_options(weft_cuda INTERFACE
                         "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;--diag-suppress=20012>")
endfunction()
