#!/bin/sh
# Builds Thrust's kernels for two generations of GPUs, and networks, which then run where there is a GPU.
# Usage: nvcc.sh BUILD_DIR HOST_COMPILER NVCC
set -u
build=$1 host=$2 nvcc=${3-}
case $nvcc in ''|*-NOTFOUND) echo "SKIPPED: no nvcc is found, so the CUDA system is not compiled"; exit 77 ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
set -- -std=c++20 --expt-relaxed-constexpr --Werror all-warnings --threads 2 -ccbin "$host" -I"$root/include"
. "$root/tests/cuda/unoptimised.sh"
"$nvcc" "$@" -O1 -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 "$root/tests/thrust/device.cu" \
    -lcublas -o "$build/thrust_device" || exit 1
# (Not optimised, the host's code would keep calls into TBB, which is not linked.)
"$nvcc" "$@" $optimise -Xcompiler -O1 -gencode arch=compute_80,code=[sm_80,compute_80] \
    "$root/tests/thrust/network.cu" -lcublas \
    -o "$build/thrust_network" && exec "$build/thrust_network"
