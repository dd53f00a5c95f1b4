#!/bin/sh
# Runs the network and the conformance suite on the GPU under compute-sanitizer, which finds what a right result may
# hide: memcheck (addresses outside an array, or not aligned), racecheck (a missing sync) and synccheck (a sync that not
# all threads reach). Usage: sanitize.sh [BUILD_DIR COMPUTE_SANITIZER [ARGUMENTS OF THE CONFORMANCE SUITE]...]
# With BUILD_DIR the programs are there already (`ctest -R cuda.sanitize` sees to that); without any argument they are
# built in build/cuda, and compute-sanitizer is looked for.
set -u
here=$(cd "$(dirname "$0")" && pwd)
first_of() { for each; do [ -e "$each" ] && { echo "$each"; return; }; done; }

if [ $# -eq 0 ]; then
    toolkit=${CUDA_PATH:-/usr/local/cuda}
    build=$here/../../build/cuda
    mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 1
    nvcc=$(command -v nvcc || first_of "$toolkit/bin/nvcc")
    sanitizer=$(command -v compute-sanitizer || first_of "$toolkit/bin/compute-sanitizer")
    for program in network conformance; do
        sh "$here/nvcc.sh" $program "$build" "${CXX:-g++}" "$nvcc" "${EIGEN:-/usr/include/eigen3}" '' \
            "$(first_of /usr/lib/*/libCatch2.a /usr/local/lib/libCatch2.a)"
        result=$?
        [ $result -eq 0 ] || exit $result
    done
else
    build=$1 sanitizer=${2-}
    shift
    [ $# -gt 0 ] && shift
fi
for program in cuda_network cuda_conformance; do
    if [ ! -x "$build/$program" ]; then
        echo "SKIPPED: $build/$program is not built (tests/cuda/nvcc.sh)"
        exit 77
    fi
done
"$build/cuda_conformance" --list-tests >/dev/null
if [ $? -eq 77 ]; then echo "SKIPPED: there is no GPU, so compute-sanitizer has seen no kernel"; exit 77; fi
case $sanitizer in
''|*-NOTFOUND)
    echo "SKIPPED: no compute-sanitizer is found (CUDA's toolkit has it), so it has seen no kernel"
    exit 77 ;;
esac

failed=0
check() {  # TOOL PROGRAM [ARGUMENT]...
    tool=$1 program=$2
    shift 2
    # All kernels of weft's are instances of one; what a library's do among themselves is its own affair.
    case $tool in memcheck) only=--padding=256 ;; *) only=--kernel-name=kns=cuda_backend5enter ;; esac
    echo "== $tool, $program"
    "$sanitizer" --tool "$tool" --error-exitcode 1 --report-api-errors no --destroy-on-device-error kernel "$only" \
        "$build/$program" "$@" ||
        { failed=1; echo "FAILED: $tool, $program"; }
}
for tool in memcheck racecheck synccheck; do
    check $tool cuda_network
    check $tool cuda_conformance "$@"
done
exit $failed
