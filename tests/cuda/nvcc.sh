#!/bin/sh
# Builds a program for GPUs. Usage: nvcc.sh WHAT BUILD_DIR HOST_COMPILER NVCC EIGEN [CATCH2_HEADERS [CATCH2_LIBRARY]]
# kernels: every kernel, for two generations and later ones. network: networks. conformance: every primitive against
# the reference. The last two run where there is a GPU. (Catch2 2 has no library.)
set -u
what=$1 build=$2 host=$3 nvcc=${4-} eigen=$5 catch=${6-} catch_library=${7-}
case $nvcc in ''|*-NOTFOUND) echo "SKIPPED: no nvcc is found, so weft::cuda is not compiled"; exit 77 ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
# 20012 is what nvcc says of Eigen's headers. compute-sanitizer shows lines.
set -- -std=c++20 -O1 -lineinfo --expt-relaxed-constexpr --Werror all-warnings --diag-suppress 20012 --threads 2 \
    -ccbin "$host" -I"$root/include" -isystem "$eigen"
ampere=-gencode=arch=compute_80,code=[sm_80,compute_80]
case $what in
kernels)
    exec "$nvcc" "$@" -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90] \
        "$root/tests/cuda/device.cu" -lcublasLt -o "$build/cuda_kernels" ;;
network)
    "$nvcc" "$@" "$ampere" "$root/tests/cuda/network.cu" -lcublasLt -o "$build/cuda_network" &&
        exec "$build/cuda_network" ;;
conformance)
    case $catch in ''|/usr/include) ;; *) set -- "$@" -isystem "$catch" ;; esac
    objects=$build/cuda_conformance_objects
    mkdir -p "$objects" && cd "$objects" &&
        "$nvcc" "$@" "$ampere" -I"$root/tests" -DWEFT_TEST_CUDA_DEVICE -x cu -c "$root/tests/cuda/conformance.cu" \
            "$root/tests/conformance/operations_test.cpp" "$root/tests/conformance/steps_test.cpp" \
            "$root/tests/conformance/functions_test.cpp" &&
        "$nvcc" "$ampere" -ccbin "$host" ./*.o ${catch_library:+"$catch_library"} -lcublasLt \
            -o "$build/cuda_conformance" && exec "$build/cuda_conformance" ;;
*)
    echo "nvcc.sh builds kernels, network or conformance, and not '$what'" >&2 ;;
esac
exit 1
