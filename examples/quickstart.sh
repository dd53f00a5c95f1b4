#!/bin/sh
# Installs what is missing, then builds and runs examples/quickstart.cpp: it trains a network to read digits.
# Usage: sh examples/quickstart.sh [MNIST_DIR]     without MNIST, the small digits of examples/data
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 2
data=$root/examples/data/digits.csv
if [ $# -gt 0 ]; then data=$(cd "$1" && pwd) || exit 2; fi

. "$root/cmake/packages.sh"
need_command g++ "${CXX:-g++}" g++ clang++
need_file libeigen3-dev include/eigen3/Eigen/Core
need_file libboost-dev include/boost/hana.hpp
need_file zlib1g-dev include/zlib.h
install_missing || exit 1

for cxx in "${CXX:-g++}" g++ clang++; do command -v "$cxx" >/dev/null 2>&1 && break; done
flags="-std=c++20 -O2 -march=native -DNDEBUG -I$root/include"
for prefix in /usr /usr/local /opt/homebrew /opt/local; do
    if [ -d "$prefix/include/eigen3" ]; then flags="$flags -isystem$prefix/include/eigen3"; fi
    if [ "$prefix" != /usr ] && [ -d "$prefix/include" ]; then
        flags="$flags -isystem$prefix/include -L$prefix/lib"
    fi
done

mkdir -p "$root/build/quickstart" && cd "$root/build/quickstart" || exit 2
echo "compiling examples/quickstart.cpp with $cxx (half a minute or so)"
# shellcheck disable=SC2086  # $flags is a list of words
"$cxx" $flags "$root/examples/quickstart.cpp" -o quickstart -lz -pthread || exit 1
exec ./quickstart "$data"
