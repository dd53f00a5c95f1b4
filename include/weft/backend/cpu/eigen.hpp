#pragma once
/// Eigen's packets and maps, without the false alarms that g++ 12 gives inside the AVX-512 intrinsics
/// (GCC bug 105593) once they are inlined, system headers or not. It must come before any other Eigen header.

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <Eigen/Core>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
