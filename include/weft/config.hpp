#pragma once
/// The only file with feature macros.

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

#define WEFT_INLINE inline __attribute__((always_inline))
