#pragma once
/// The only file with feature macros.

#if __cplusplus < 202002L
#error "weft needs C++20: compile with -std=c++20"
#include <C++20>  // there is no such file, which ends the compilation: nothing follows from the error
#endif

/// Under this flag compilers take it that no number is NaN or infinite, and drop every test for them:
/// training would go on with NaN, and the files of a model that is none would be written.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ + 0 != 0
// clang-format off
#error "weft's tests for NaN and infinity are gone under -ffinite-math-only (-ffast-math, -Ofast): add -fno-finite-math-only"
// clang-format on
#endif

#include <cstdint>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

/// Exceptions are used where the program has them; without, an error prints itself and aborts.
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define WEFT_HAS_EXCEPTIONS 1
#else
#define WEFT_HAS_EXCEPTIONS 0
#endif

/// A function that a device may run too.
#ifdef __CUDACC__
#define WEFT_DEVICE __host__ __device__
#else
#define WEFT_DEVICE
#endif

/// The turns of the loop that follows touch different elements, or the same one at the same turn.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define WEFT_INDEPENDENT _Pragma("GCC ivdep")
#else
#define WEFT_INDEPENDENT
#endif

/// Unrolls the loop that follows so many times, on devices too; nvcc's host pass knows no such pragma of
/// GCC's.
#if defined(__CUDA_ARCH__)
#define WEFT_UNROLL(times) WEFT_UNROLL_PRAGMA(unroll times)
#elif defined(__CUDACC__)
#define WEFT_UNROLL(times)
#else
#define WEFT_UNROLL(times) WEFT_UNROLL_PRAGMA(GCC unroll times)
#endif
#define WEFT_UNROLL_PRAGMA(text) _Pragma(#text)

/// Thrust takes CUDA for its device unless told otherwise, and then needs CUDA's headers in plain C++ too.
#if !defined(THRUST_DEVICE_SYSTEM) && !defined(__CUDACC__)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#endif

#if __has_include(<tbb/parallel_for.h>)
#define WEFT_HAS_TBB 1
#else
#define WEFT_HAS_TBB 0
#endif

/// Convolutions of weft::cuda run in cuDNN where that is faster, in programs built with -DWEFT_WITH_CUDNN=1
/// and linked with -lcudnn.
#ifndef WEFT_WITH_CUDNN
#define WEFT_WITH_CUDNN 0
#endif
