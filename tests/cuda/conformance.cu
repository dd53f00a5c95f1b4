// The main program of the conformance suite (tests/conformance/) on the GPU. Compiled and linked wherever
// there is nvcc; where there is no GPU it says so and is skipped.
#include <cuda_runtime.h>

#include <cstdio>

#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include "catch.hpp"

int main(int argc, char** argv) {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts(
            "SKIPPED: there is no GPU; the conformance suite was compiled and linked for one, and nothing "
            "has run");
        return 77;
    }
    return Catch::Session().run(argc, argv);
}
