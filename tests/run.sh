#!/bin/sh
# Installs what is missing, builds weft's tests and runs them. Usage: sh tests/run.sh [--quick | PRESET...]
# Presets are those of CMakePresets.json; without an argument gcc, then clang: together they share those tests whose
# code one of them generates (tests/CMakeLists.txt). --quick is gcc's share alone, and without devices and packages: no
# twins, no Thrust, no nvcc.
set -u
cd "$(dirname "$0")/.." || exit 2
quick=
if [ "${1-}" = --quick ]; then quick=yes; set -- gcc; fi
[ $# -gt 0 ] || set -- gcc clang
case "$quick $* " in yes* | *" gcc "*"clang "* | *" clang "*"gcc "*) shared=ON ;; *) shared=OFF ;; esac

. cmake/packages.sh
need_command g++ g++
case " $* " in *" clang "*) need_command clang clang++ ;; esac
need_command cmake cmake
need_command ninja-build ninja
need_command python3 python3
need_file libeigen3-dev include/eigen3/Eigen/Core share/eigen3/cmake/Eigen3Config.cmake
need_file libboost-dev include/boost/hana.hpp
need_file catch2 include/catch2/catch.hpp include/catch2/catch_all.hpp
need_file zlib1g-dev include/zlib.h
# Thrust and its systems; its headers come with a CUDA toolkit too.
need_file libtbb-dev include/tbb/parallel_for.h
case " $* " in
    *" clang "*) echo '#include <omp.h>' | clang++ -fopenmp -x c++ -E - >/dev/null 2>&1 || missing="$missing libomp-dev" ;;
esac
nvcc=$(command -v nvcc || echo "${CUDA_PATH:-/usr/local/cuda}/bin/nvcc")
[ -x "$nvcc" ] || need_file libthrust-dev include/thrust/for_each.h
# Conan comes from PyPI, into a virtual environment of the build folder; without it its test says that it is skipped.
conan=build/conan/bin/conan
if ! command -v conan >/dev/null 2>&1 && ! [ -x $conan ]; then
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
fi
install_missing || exit 1
mkdir -p build
if ! command -v conan >/dev/null 2>&1 && ! [ -x $conan ]; then
    { python3 -m venv build/conan && build/conan/bin/pip install -q 'conan>=2,<3'; } >build/conan.log 2>&1 ||
        echo "no Conan: $(tail -n 1 build/conan.log)"
fi
PATH=$PATH:$PWD/build/conan/bin
export PATH
if command -v ccache >/dev/null 2>&1; then
    export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
fi
jobs=$(nproc 2>/dev/null || echo 2)

# Each step shows its log when it fails, and only then.
quietly() {
    log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null && return
    cat "$log"
    return 1
}

failed=0
builds=
for preset in "$@"; do
    build=${quick:+quick}
    build=build/${build:-$preset}
    builds="$builds $build"
    start=$(date +%s)
    if quietly "$build.configure.log" cmake --preset "$preset" -B "$build" -DWEFT_TEST_SHARED=$shared \
           ${quick:+-DWEFT_TEST_DEVICES=OFF -DWEFT_TEST_PACKAGES=OFF} &&
       quietly "$build.build.log" cmake --build "$build" -j "$jobs"; then
        built=$(date +%s)
        echo "$preset: built in $((built - start)) s"
        ctest --test-dir "$build" --output-on-failure --no-label-summary -j "$jobs" -O "$build.ctest.log" </dev/null ||
            failed=1
        echo "$preset: tests ran for $(($(date +%s) - built)) s"
    else
        echo "does not build" | tee "$build.ctest.log"
        failed=1
    fi
done

# shellcheck disable=SC2086  # $builds is a list of words
python3 tests/times.py $builds
echo
for build in $builds; do
    echo "${build#build/}: $(grep -E 'tests passed|does not build|No tests' "$build.ctest.log")"
done
exit $failed
