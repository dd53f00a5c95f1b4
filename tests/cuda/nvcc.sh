#!/bin/sh
# Builds device.cu for two generations of GPUs, and for later ones. Usage: nvcc.sh BUILD_DIR HOST_COMPILER NVCC
set -u
nvcc=${3-}
case $nvcc in ''|*-NOTFOUND) echo "SKIPPED: no nvcc is found, so CUDA's kernels are not compiled"; exit 77 ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$nvcc" -std=c++20 -O1 --expt-relaxed-constexpr --Werror all-warnings --threads 2 -ccbin "$2" \
    -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90] \
    -I"$root/include" "$root/tests/cuda/device.cu" -o "$1/cuda_device"
