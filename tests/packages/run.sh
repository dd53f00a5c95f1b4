#!/bin/sh
# Builds and runs the program in test_package/ against weft, as a user of one way of packaging would.
# Usage: run.sh find_package|add_subdirectory|fetch_content|conan|vcpkg|cuda WEFT_BUILD_DIR COMPILER
# Exits with 77 where the package manager is not installed.
set -eu
way=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
build_dir=$(cd "$2" && pwd)
compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { echo "SKIPPED: $1"; exit 77; }

consume() {
    cmake -S "$source_dir/test_package" -B "$work/consumer" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
          -DCMAKE_BUILD_TYPE=Release "$@"
    cmake --build "$work/consumer"
    "$work/consumer/weft_consumer"
}

case $way in
find_package)
    cmake --install "$build_dir" --prefix "$work/prefix" >/dev/null
    consume -DCMAKE_PREFIX_PATH="$work/prefix"
    cmake -S "$source_dir/test_package" -B "$work/absent" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
          -DCMAKE_PREFIX_PATH="$work/prefix" -DWEFT_COMPONENTS=no_such_part >"$work/absent.log" 2>&1 &&
        { echo "find_package accepts a component that does not exist"; exit 1; }
    grep -q no_such_part "$work/absent.log"
    ;;
add_subdirectory | fetch_content)
    consume -DWEFT_FROM="$way" -DWEFT_SOURCE_DIR="$source_dir"
    ;;
conan)
    command -v conan >/dev/null 2>&1 || skip "no conan on PATH"
    case $(conan --version) in *" version 2."*) ;; *) skip "this needs Conan 2: $(conan --version)" ;; esac
    export CONAN_HOME="$work/home"
    CXX=$compiler conan profile detect >/dev/null 2>&1
    conan remote disable '*' >/dev/null 2>&1  # what is not here is not fetched
    cat >"$work/profile" <<END
include(default)
[settings]
compiler.cppstd=20
[conf]
tools.build:compiler_executables={"cpp": "$compiler"}
tools.cmake.cmaketoolchain:generator=Ninja
[platform_requires]
eigen/3.4.0
boost/1.74.0
zlib/1.2.13
END
    mkdir "$work/source"  # a copy, since test_package builds inside its own folder
    cp -R "$source_dir/CMakeLists.txt" "$source_dir/LICENSE" "$source_dir/cmake" "$source_dir/conanfile.py" \
          "$source_dir/include" "$source_dir/test_package" "$work/source"
    conan create "$work/source" --profile:all "$work/profile" --build missing
    ;;
cuda)
    nvcc=${4-}
    case $nvcc in ''|*-NOTFOUND) skip "no nvcc is found" ;; esac
    cmake --install "$build_dir" --prefix "$work/prefix" >/dev/null
    cmake -S "$source_dir/tests/packages/cuda" -B "$work/consumer" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
          -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_HOST_COMPILER="$compiler" -DCMAKE_CUDA_ARCHITECTURES=80 \
          -DCMAKE_PREFIX_PATH="$work/prefix"
    cmake --build "$work/consumer"
    "$work/consumer/weft_cuda_consumer"
    ;;
vcpkg)
    version=$(sed -n 's/^#define WEFT_VERSION_[A-Z]* //p' "$source_dir/include/weft/config.hpp" | paste -sd .)
    for manifest in vcpkg.json ports/weft/vcpkg.json; do
        python3 -m json.tool "$source_dir/$manifest" >/dev/null
        grep -q "\"version\": \"$version\"" "$source_dir/$manifest" ||
            { echo "$manifest is not of version $version"; exit 1; }
    done
    command -v vcpkg >/dev/null 2>&1 || skip "no vcpkg on PATH"
    (cd "$work" && vcpkg install 'weft[zlib]' --classic --overlay-ports="$source_dir/ports" \
                         --x-install-root="$work/installed")
    consume -DCMAKE_PREFIX_PATH="$(echo "$work"/installed/*-*)"
    ;;
*)
    echo "unknown way: $way"
    exit 2
    ;;
esac
