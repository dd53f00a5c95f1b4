#!/bin/sh
# Builds a program for GPUs. Usage: nvcc.sh WHAT BUILD_DIR HOST_COMPILER NVCC EIGEN
#                                    [CATCH2_HEADERS CATCH2_LIBRARY [CUDNN_HEADERS CUDNN_LIBRARY]]
# kernels: every kernel, for two generations and later ones. network: networks. conformance: every primitive against
# the reference; with cuDNN, convolutions by it too. cudnn: networks with it, and its plans, for which no GPU need be
# here. All but the kernels run where there is a GPU. (Catch2 2 has no library.)
set -u
what=$1 build=$2 host=$3 nvcc=${4-} eigen=$5 catch=${6-} catch_library=${7-} cudnn=${8-} cudnn_library=${9-}
case $nvcc in ''|*-NOTFOUND) echo "SKIPPED: no nvcc is found, so weft::cuda is not compiled"; exit 77 ;; esac
root=$(cd "$(dirname "$0")/../.." && pwd)
# 20012 is what nvcc says of Eigen's headers. compute-sanitizer shows lines.
set -- -std=c++20 -lineinfo --expt-relaxed-constexpr --Werror all-warnings --diag-suppress 20012 --threads 2 \
    -ccbin "$host" -I"$root/include" -isystem "$eigen"
ampere=-gencode=arch=compute_80,code=[sm_80,compute_80]
. "$root/tests/cuda/unoptimised.sh"
case $cudnn in
''|*-NOTFOUND) cudnn_flags='' cudnn_libraries='' ;;
*)
    folder=$(dirname "$cudnn_library")
    cudnn_flags=-DWEFT_WITH_CUDNN=1
    [ "$cudnn" = /usr/include ] || cudnn_flags="$cudnn_flags -isystem $cudnn"
    cudnn_libraries="-L$folder -l:$(basename "$cudnn_library") -Xlinker -rpath=$folder" ;;
esac
case $what in
kernels)
    exec "$nvcc" "$@" -O1 -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90] \
        "$root/tests/cuda/device.cu" -lcublasLt -o "$build/cuda_kernels" ;;
network)
    "$nvcc" "$@" $optimise "$ampere" "$root/tests/cuda/network.cu" -lcublasLt -o "$build/cuda_network" &&
        exec "$build/cuda_network" ;;
conformance)
    case $catch in ''|/usr/include) ;; *) set -- "$@" -isystem "$catch" ;; esac
    objects=$build/cuda_conformance_objects
    mkdir -p "$objects" && cd "$objects" &&
        "$nvcc" "$@" $optimise "$ampere" $cudnn_flags -I"$root/tests" -DWEFT_TEST_CUDA_DEVICE -x cu \
            -c "$root/tests/cuda/conformance.cu" \
            "$root/tests/conformance/operations_test.cpp" "$root/tests/conformance/steps_test.cpp" \
            "$root/tests/conformance/functions_test.cpp" &&
        "$nvcc" "$ampere" -ccbin "$host" ./*.o ${catch_library:+"$catch_library"} -lcublasLt \
            $cudnn_libraries -o "$build/cuda_conformance" && exec "$build/cuda_conformance" ;;
cudnn)
    if [ -z "$cudnn_flags" ]; then echo "SKIPPED: no cuDNN 9 is found, so WEFT_WITH_CUDNN is not compiled"; exit 77; fi
    "$nvcc" "$@" -O1 $cudnn_flags "$root/tests/cuda/cudnn.cu" $cudnn_libraries -o "$build/cuda_cudnn" &&
        "$nvcc" "$@" $optimise "$ampere" $cudnn_flags "$root/tests/cuda/network.cu" -lcublasLt $cudnn_libraries \
            -o "$build/cuda_network_cudnn" || exit 1
    "$build/cuda_cudnn"; plans=$?
    case $plans in 0|77) ;; *) exit 1 ;; esac
    "$build/cuda_network_cudnn"; networks=$?
    [ $networks -eq 77 ] && networks=$plans  # no GPU: the plans decide
    exit $networks ;;
*)
    echo "nvcc.sh builds kernels, network, conformance or cudnn, and not '$what'" >&2 ;;
esac
exit 1
