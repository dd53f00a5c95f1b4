# weft::cuda: what programs with weft/cuda.hpp are built with and link, where a CUDA toolkit is found; with cuDNN
# where that is asked for.
set(WEFT_WITH_CUDA AUTO CACHE STRING "Offer weft::cuda (weft/cuda.hpp): ON, OFF, or AUTO for where a CUDA toolkit is found")
option(WEFT_WITH_CUDNN "Let weft::cuda run convolutions in cuDNN 9 where that is faster" OFF)

function(weft_cuda)
  if(NOT WEFT_WITH_CUDA AND NOT WEFT_WITH_CUDNN)
    return()
  endif()
  find_package(CUDAToolkit 12 QUIET)
  if(NOT TARGET CUDA::cublasLt)
    if(WEFT_WITH_CUDNN)
      message(FATAL_ERROR "weft: WEFT_WITH_CUDNN is ON, and no CUDA toolkit with cuBLAS is found. Put nvcc on PATH or set "
                          "CUDAToolkit_ROOT, or turn WEFT_WITH_CUDNN off.")
    elseif(WEFT_WITH_CUDA STREQUAL AUTO)
      message(STATUS "weft: no CUDA toolkit is found; weft::cuda is left out")
      return()
    endif()
    message(FATAL_ERROR "weft: WEFT_WITH_CUDA is ${WEFT_WITH_CUDA}, and no CUDA toolkit with cuBLAS is found. "
                        "Put nvcc on PATH or set CUDAToolkit_ROOT.")
  endif()
  set(cudnn)
  set(libraries CUDA::cudart CUDA::cublasLt)
  if(WEFT_WITH_CUDNN)
    list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    find_package(CUDNN 9 QUIET)
    if(NOT CUDNN_FOUND)
      message(FATAL_ERROR "weft: WEFT_WITH_CUDNN is ON, and no cuDNN 9 is found (cudnn.h: ${CUDNN_INCLUDE_DIR}, version: "
                          "${CUDNN_VERSION}, library: ${CUDNN_LIBRARY}). Set CUDNN_ROOT to a folder that holds its "
                          "include/ and lib/, or turn WEFT_WITH_CUDNN off.")
    endif()
    set(cudnn AND CUDNN 9)
    list(APPEND libraries CUDNN::cudnn)
  endif()
  weft_option_target(cuda PACKAGE CUDAToolkit ${cudnn} LINK ${libraries})
  target_compile_definitions(weft_cuda INTERFACE WEFT_WITH_CUDNN=$<BOOL:${WEFT_WITH_CUDNN}>)
  # Kernels call constexpr functions; 20012 is what nvcc says of Eigen's headers.
  target_compile_options(weft_cuda INTERFACE
                         "$<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;--diag-suppress=20012>")
  # CMake 3.25 sets no standard for nvcc 13, whatever a program asks for; twice the same is fine.
  set(newer "$<VERSION_GREATER:0$<TARGET_PROPERTY:CUDA_STANDARD>,20>")
  target_compile_options(weft_cuda INTERFACE "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<NOT:${newer}>>:-std=c++20>")
endfunction()
