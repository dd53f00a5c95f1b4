#!/bin/sh
# Builds a program for GPUs. Usage: nvcc.sh kernels|network BUILD_DIR HOST_COMPILER NVCC EIGEN
# kernels: every kernel, for two generations and later ones. network: networks, which then run where there is a GPU.
set -u
what=$1 build=$2 host=$3 nvcc=${4-}
case $nvcc in ''|*-NOTFOUND) echo "SKIPPED: no nvcc is found, so weft::cuda is not compiled"; exit 77 ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
# 20012 is what nvcc says of Eigen's headers.
set -- -std=c++20 -O1 --expt-relaxed-constexpr --Werror all-warnings --diag-suppress 20012 --threads 2 -ccbin "$host" \
    -I"$root/include" -isystem "$5"
if [ "$what" = kernels ]; then
    exec "$nvcc" "$@" -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90] \
        "$root/tests/cuda/device.cu" -lcublasLt -o "$build/cuda_kernels"
fi
"$nvcc" "$@" -gencode arch=compute_80,code=[sm_80,compute_80] "$root/tests/cuda/network.cu" -lcublasLt \
    -o "$build/cuda_network" && exec "$build/cuda_network"
