# weft::thrust: Thrust's headers, from a CUDA toolkit or Debian's libthrust-dev, and OpenMP where the compiler has
# it. weft::tbb beside it, where TBB is found.
set(WEFT_WITH_THRUST AUTO CACHE STRING "Offer weft::thrust (weft/thrust.hpp): ON, OFF, or AUTO for where Thrust is found")

function(weft_thrust)
  if(NOT WEFT_WITH_THRUST)
    return()
  endif()
  find_program(WEFT_NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  set(toolkit $ENV{CUDA_PATH})
  if(WEFT_NVCC)
    get_filename_component(compiler ${WEFT_NVCC} REALPATH)
    get_filename_component(toolkit ${compiler}/../.. ABSOLUTE)
  endif()
  find_path(WEFT_THRUST_INCLUDE_DIR thrust/for_each.h HINTS ${toolkit}/include/cccl ${toolkit}/include)
  if(NOT WEFT_THRUST_INCLUDE_DIR)
    if(WEFT_WITH_THRUST STREQUAL AUTO)
      message(STATUS "weft: Thrust is not found; weft::thrust is left out")
      return()
    endif()
    message(FATAL_ERROR "weft: WEFT_WITH_THRUST is ${WEFT_WITH_THRUST}, and Thrust is not found. Install a CUDA toolkit "
                        "or libthrust-dev, or set WEFT_THRUST_INCLUDE_DIR to the folder that holds thrust/.")
  endif()

  find_package(OpenMP QUIET COMPONENTS CXX)
  if(OpenMP_CXX_FOUND)
    weft_option_target(thrust PACKAGE OpenMP COMPONENTS CXX LINK OpenMP::OpenMP_CXX)
  else()
    weft_option_target(thrust PACKAGE Threads LINK Threads::Threads)
  endif()
  target_include_directories(weft_thrust SYSTEM INTERFACE ${WEFT_THRUST_INCLUDE_DIR})
  # Policies name their systems; this says only what Thrust's headers look for.
  target_compile_definitions(weft_thrust INTERFACE
                             $<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>)
  find_package(TBB QUIET CONFIG)
  if(TARGET TBB::tbb)
    weft_option_target(tbb PACKAGE TBB CONFIG LINK TBB::tbb)
  endif()
endfunction()
