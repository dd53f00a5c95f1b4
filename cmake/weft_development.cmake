# What weft's own tests, examples and benchmarks are built with; programs that use weft see none of it.
include(CheckCXXCompilerFlag)
set(CMAKE_CXX_EXTENSIONS OFF)

option(WEFT_NATIVE "Compile tests, examples and benchmarks for this machine's processor" ON)
set(weft_native_flags)
if(WEFT_NATIVE)
  check_cxx_compiler_flag(-march=native WEFT_HAS_MARCH_NATIVE)
  if(WEFT_HAS_MARCH_NATIVE)
    set(weft_native_flags -march=native)
  endif()
endif()

add_library(weft_development INTERFACE)
target_compile_options(weft_development INTERFACE -Wall -Wextra -Werror)
target_link_libraries(weft_development INTERFACE weft::weft)
if(TARGET weft::zlib)
  target_link_libraries(weft_development INTERFACE weft::zlib)
endif()
